/**
 * A program's log on stderr: one JSON object per line in the fields of the Elastic Common Schema, or one readable line
 * where a person looks at it.
 */
import { pino } from 'pino'
import type { Log } from '../rpc/index.ts'
import { styleOf, type Context } from './io.ts'
import { clean, cleanLines } from './view/text.ts'

/** For verbs that print what they find: the log would say it twice. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

const colours: Readonly<Record<string, string>> = { warn: '\x1b[33m', error: '\x1b[31m', fatal: '\x1b[31m' }
/** Fields that the readable line shows elsewhere or that are the same in every line. */
const unshown = new Set(['@timestamp', 'log.level', 'message', 'service.name', 'error'])

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)

const errorText = (value: unknown): string => {
  if (typeof value !== 'object' || value === null || !('message' in value))
    return value === undefined ? '' : shown(value)
  return ` ${String(value.message)}`
}

/**
 * `12:04:31 warn  message key=value`; a line that is no JSON object passes as a line. Messages and fields may hold what
 * peers sent: nothing in them reaches the terminal as a control.
 */
export function readableLine(line: string, colour: boolean, verbose: boolean): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return cleanLines(line)
  }
  if (typeof entry !== 'object' || entry === null) return cleanLines(line)
  const fields: Record<string, unknown> = { ...entry }
  const level = String(fields['log.level'])
  const time = String(fields['@timestamp']).slice(11, 19)
  const rest = Object.entries(fields)
    .filter(([name]) => !unshown.has(name))
    .map(([name, value]) => ` ${name}=${shown(value)}`)
  const stack =
    verbose && isObject(fields.error) && typeof fields.error.stack === 'string' ? `\n${fields.error.stack}` : ''
  const first = `${time} ${level.padEnd(5)} ${String(fields.message)}${rest.join('')}${errorText(fields.error)}`
  const text = `${clean(first)}${cleanLines(stack)}\n`
  const start = colours[level]
  return colour && start !== undefined ? `${start}${text.trimEnd()}\x1b[0m\n` : text
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

export function createLog(context: Pick<Context, 'io' | 'verbose' | 'quiet'>, service: string): Log {
  const { io, verbose, quiet } = context
  const { colour } = styleOf(io.stderr, io.env)
  const person = io.stderr.isTTY === true
  return pino(
    {
      level: quiet ? 'warn' : verbose ? 'debug' : 'info',
      messageKey: 'message',
      errorKey: 'error',
      base: { 'service.name': service },
      timestamp: () => `,"@timestamp":"${new Date(io.now()).toISOString()}"`,
      formatters: { level: (label) => ({ 'log.level': label }) },
    },
    { write: (line: string) => void io.stderr.write(person ? readableLine(line, colour, verbose) : line) },
  )
}
