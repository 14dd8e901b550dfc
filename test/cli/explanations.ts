/** `attest explain` without the table of verbs: what it prints, as text and as an object, and how it ends. */
import { explain } from '../../src/cli/attest/explain/explain.ts'
import type { VerifyOptions } from '../../src/cli/attest/verify.ts'
import { failureOf } from '../../src/cli/exit.ts'
import type { Context } from '../../src/cli/io.ts'
import { createTestIo, NOW } from './support.ts'

export interface ToldField {
  readonly name: string
  readonly value: string
  readonly verdict: 'ok' | 'refused' | 'note' | 'claim'
  readonly expected?: readonly string[]
  readonly explanation: string
  readonly codes?: readonly string[]
}

export interface Told {
  readonly exit: number
  /** Of an error; then there is nothing else. */
  readonly code?: string
  readonly lines: readonly string[]
  readonly object: {
    readonly kind?: string
    readonly ok?: boolean | null
    readonly outcome?: string
    readonly agrees?: boolean
    readonly reasons: readonly { readonly code: string }[]
    readonly sections: readonly { readonly name: string; readonly fields: readonly ToldField[] }[]
  }
  readonly refused: readonly string[]
  field(name: string): ToldField
}

const none: VerifyOptions = {
  ...{ collateral: undefined, at: undefined, roots: undefined, policy: undefined },
  ...{ 'report-data': undefined, 'event-log': undefined },
}

export async function told(file: string, options: Partial<VerifyOptions> = {}, terminal = false): Promise<Told> {
  const io = createTestIo({ terminal, now: () => NOW })
  const printed: { object: Told['object']; lines: string[] } = { object: { reasons: [], sections: [] }, lines: [] }
  const context: Context = {
    ...{ io, home: '/nowhere', homeGiven: false, json: false, verbose: false, quiet: false },
    path: (relative) => relative,
    result(value, text) {
      printed.object = JSON.parse(JSON.stringify(value))
      printed.lines = [text].flat()
    },
    remark: () => undefined,
  }
  const ended = await explain(context, { ...none, ...options }, file).then(
    (exit) => ({ exit }),
    (error: unknown) => failureOf(error),
  )
  const fields = printed.object.sections.flatMap((section) => section.fields)
  return {
    ...ended,
    ...printed,
    refused: fields.filter(({ verdict }) => verdict === 'refused').map(({ name }) => name),
    field(name) {
      const found = fields.find((each) => each.name === name)
      if (found === undefined) throw new Error(`no field ${name}`)
      return found
    },
  }
}
