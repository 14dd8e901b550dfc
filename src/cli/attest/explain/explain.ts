/**
 * `attest explain`: a verification record or a quote, field by field, for the person who has to say why a connection was
 * trusted or refused. A record is judged again from its own content; nothing is asked of the network.
 */
import { exits } from '../../exit.ts'
import { CliError } from '../../errors.ts'
import { type Context, styleOf } from '../../io.ts'
import { readBytes } from '../../files.ts'
import type { VerifyOptions } from '../verify.ts'
import { agrees, type Explanation, jsonOf } from './explanation.ts'
import { linesOf } from './print.ts'
import { explainQuote } from './quote.ts'

export async function explain(context: Context, options: VerifyOptions, file: string): Promise<number> {
  const path = context.path(file)
  const bytes = await readBytes(path, 'file')
  const explanation = await explained(context, options, bytes, path)
  const { colour } = styleOf(context.io.stdout, context.io.env)
  context.result(jsonOf(explanation), linesOf(explanation, colour))
  return explanation.outcome === 'refused' || !agrees(explanation) ? exits.failed.code : exits.ok.code
}

async function explained(
  context: Context,
  options: VerifyOptions,
  bytes: Uint8Array,
  path: string,
): Promise<Explanation> {
  if (isQuote(bytes)) return explainQuote(context, options, bytes)
  if (!isJson(bytes)) {
    throw new CliError('CLI_ARGUMENT_INVALID', `${path} is neither a verification record (JSON) nor a quote (bytes)`)
  }
  const given = Object.entries(options).find(([, value]) => value !== undefined)
  // A quote needs nothing of what a party runs, and is told sooner without it.
  if (given === undefined) return (await import('./record.ts')).explainRecord(bytes, path)
  throw new CliError('CLI_ARGUMENT_INVALID', `--${given[0]} is for quotes: a record brings all it was judged by`)
}

/** A quote begins with its version in two bytes, little-endian. */
const isQuote = ([low, high]: Uint8Array): boolean => high === 0 && low !== undefined && low >= 1 && low <= 9

const isJson = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart()[0] === '{'
