/**
 * The log of the measured program: JSON lines in the fields that the other programs log, without their logging package.
 */
import type { Log } from '../rpc/index.ts'

export function createJsonLog(write: (line: string) => unknown, now: () => number): Log {
  const line = (level: string) => (fields: object, message: string) => {
    const fixed = { '@timestamp': new Date(now()).toISOString(), 'log.level': level, message }
    // Twice: what a peer sent may be among the fields, and must replace neither time nor level nor message.
    write(`${JSON.stringify({ ...fixed, 'service.name': 'coffer-aggregator', ...fields, ...fixed }, plain)}\n`)
  }
  return { info: line('info'), warn: line('warn'), error: line('error') }
}

/** What JSON has no form for. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const { name, message, stack } = value
  return { type: name, message, stack, ...('code' in value && { code: value.code }) }
}
