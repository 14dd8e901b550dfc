import { CodedError } from '../../src/errors/index.ts'
import type { Log } from '../../src/rpc/index.ts'

/** What went wrong with a run, in the party's own log: with its code and the next step, where it has them. */
export function report(log: Log, run: string, what: string, error: unknown): void {
  const coded = error instanceof CodedError ? { code: error.code, next: error.row.next } : { error }
  const text = error instanceof Error ? error.message : String(error)
  log.error({ run, ...coded }, `${what}: ${text}`)
}
