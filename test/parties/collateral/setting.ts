/** What the tests of collateral share: platforms at a fixed time, a log to wait for, a directory, an awaited refusal. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../../src/rpc/index.ts'
import { parseQuote, type Quote } from '../../../src/attestation/index.ts'
import { createSimulatedPlatform, type SimulatedPlatform, type TeeKind } from '../../../src/tee/simulator/index.ts'
import { CollateralError } from '../../../parties/collateral/index.ts'
import { createTestLog, type LogLine } from '../../support/log.ts'

export const DAY = 86_400_000
/** Simulated collateral is a day old at this time, and valid for another 29 days. */
export const START = Date.parse('2026-07-01T00:00:00Z')
export const reportData = new Uint8Array(64).fill(7)

export const platformAt = (tee: TeeKind, at = START, fault?: string): SimulatedPlatform =>
  createSimulatedPlatform({ seed: 'collateral', now: new Date(at), tee, ...(fault !== undefined && { fault }) })

export const tdx = platformAt('tdx-v4')
export const sgx = platformAt('sgx-v3')

export const quoteOf = (platform: SimulatedPlatform): Quote => parseQuote(platform.quote({ reportData }))

export interface WatchedLog {
  readonly log: Log
  readonly lines: LogLine[]
  /** Of the warnings, in their order. */
  codes(): unknown[]
  /** Resolves when a line has the text in its message or its code. */
  until(text: string): Promise<void>
}

export function createWatchedLog(): WatchedLog {
  const { log, lines } = createTestLog()
  const waiting: { text: string; done: () => void }[] = []
  const has = (text: string) => lines.some(({ message, fields }) => message.includes(text) || fields.code === text)
  const told =
    (level: 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      log[level](fields, message)
      for (const { text, done } of waiting) if (has(text)) done()
    }
  return {
    lines,
    codes: () =>
      lines.flatMap(({ level, fields }) => (level === 'warn' && fields.code !== undefined ? [fields.code] : [])),
    log: { info: told('info'), warn: told('warn'), error: told('error') },
    until: (text) =>
      new Promise((done) => {
        if (has(text)) done()
        else waiting.push({ text, done })
      }),
  }
}

export async function createDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'coffer-collateral-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** The CollateralError that a promise ends in; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<CollateralError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof CollateralError) return error
  throw new Error('expected a CollateralError', { cause: error })
}
