/**
 * `attest verify`: a quote on file, judged offline: no home, no network, no clock unless asked for. What it prints is
 * what a security reviewer replays; the verification is that of the attestation room, the same for files and sessions.
 */
import {
  AttestationError,
  type Binding,
  EvidenceError,
  intelSgxRootPem,
  namesSimulation,
  parseCollateral,
  parseQuote,
  type Verdict,
  verifyEvidence,
} from '../../attestation/index.ts'
import { fromHex } from '../../crypto/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { readBytes, readText } from '../files.ts'
import { required } from '../init/sign.ts'
import type { Context } from '../io.ts'
import { clean } from '../view/index.ts'
import { type Accepted, readReferenceValues } from './reference-values.ts'

export interface VerifyOptions {
  readonly collateral: string | undefined
  readonly at: string | undefined
  readonly roots: string | undefined
  readonly policy: string | undefined
  readonly 'report-data': string | undefined
  readonly 'event-log': string | undefined
}

export async function verify(context: Context, options: VerifyOptions, file: string): Promise<number> {
  const quote = await readBytes(context.path(file), 'quote')
  const collateralText = await readText(context.path(required(options.collateral, 'collateral')), 'collateral')
  const log = options['event-log']
  const eventLog = log === undefined ? undefined : await readBytes(context.path(log), 'event log')
  const now = timeOf(options.at, context.io.now())
  const accepted = options.policy === undefined ? undefined : await acceptedBy(context, options.policy)
  const policy = accepted?.values
  const roots = options.roots === undefined ? undefined : await readText(context.path(options.roots), 'roots')
  const binding = bindingOf(options['report-data'])
  try {
    const collateral = parseCollateral(collateralText)
    const evidence = { quote, ...(eventLog && { eventLog }) }
    const trusted = roots ?? accepted?.roots ?? intelSgxRootPem
    const verdict = verifyEvidence(evidence, { roots: trusted, collateral, binding, now, ...(policy && { policy }) })
    context.result(recordOf(verdict), linesOf(verdict, policy !== undefined).map(clean))
    return verdict.ok ? exits.ok.code : exits.failed.code
  } catch (error) {
    if (!(error instanceof AttestationError) || error.code === 'EVIDENCE_ARGUMENT') throw error
    const claimed = claims(quote)
    context.result(refusedRecord(error, claimed), [
      ...(claimed?.simulated ? ['SIMULATED: it names a simulated TEE as its root, which protects nothing'] : []),
      'REFUSED: not shown to be genuine evidence',
      ...reasonLines(error.reasons),
    ])
    return exits.failed.code
  }
}

function recordOf(verdict: Verdict): object {
  const { ok, tcb, reasons, tee, body, root, simulated, binding, collateral, eventLog } = verdict
  return {
    ok,
    status: tcb.status,
    advisories: tcb.advisories,
    reasons: reasons.map(({ code }) => code),
    tee,
    body,
    root,
    simulated,
    binding,
    tcb: { ...tcb, date: new Date(tcb.date) },
    collateral,
    ...(eventLog && { events: eventLog.length }),
  }
}

/** What a refused quote says of itself is shown where it can be read: claims, not facts. */
function refusedRecord(error: AttestationError, claimed: Claims | undefined): object {
  const codes = error.reasons.map(({ code }) => code)
  return {
    ok: false,
    status: null,
    advisories: [],
    reasons: codes,
    tee: claimed?.tee ?? null,
    body: claimed?.body ?? null,
    root: null,
    simulated: claimed?.simulated ?? null,
  }
}

interface Claims {
  readonly tee: string
  readonly body: object
  readonly simulated: boolean
}

function claims(bytes: Uint8Array): Claims | undefined {
  try {
    const { header, body, chain } = parseQuote(bytes)
    return { tee: header.tee, body, simulated: namesSimulation(chain[2].commonName) }
  } catch (error) {
    if (error instanceof EvidenceError) return undefined
    throw error
  }
}

function linesOf(verdict: Verdict, judged: boolean): string[] {
  const { ok, tcb, tee, quoteVersion, body, root, simulated, reasons, binding, platform, eventLog } = verdict
  const head = ok
    ? judged
      ? 'ACCEPTED: genuine, and what the policy expects'
      : 'GENUINE: no policy was given'
    : 'REFUSED: genuine, and not what the policy expects'
  const fact = (name: string, value: string) => `  ${name.padEnd(16)} ${value}`
  return [
    ...(simulated ? ['SIMULATED: issued by a simulated TEE, it protects nothing'] : []),
    head,
    ...reasonLines(reasons),
    fact('TEE', `${tee.toUpperCase()}, quote version ${quoteVersion}`),
    fact('TCB status', `${tcb.status}, of ${new Date(tcb.date).toISOString().slice(0, 10)}`),
    fact('advisories', tcb.advisories.join(', ') || 'none'),
    fact('root', root.name),
    fact('root SHA-256', root.fingerprint),
    fact('FMSPC', platform.fmspc),
    fact('report data', binding === 'bound' ? 'as expected' : 'not compared: give --report-data'),
    ...(eventLog ? [fact('event log', `${eventLog.length} events lead to RTMR0-3`)] : []),
    ...Object.entries(body).map(([name, value]) =>
      fact(name, typeof value === 'object' ? JSON.stringify(value) : String(value)),
    ),
  ]
}

const reasonLines = (reasons: readonly { readonly code: string; readonly text: string }[]): string[] =>
  reasons.map(({ code, text }) => clean(`  ${code}: ${text}`))

export async function acceptedBy(context: Context, file: string): Promise<Accepted> {
  return readReferenceValues(await readText(context.path(file), 'policy'), file)
}

export function timeOf(text: string | undefined, now: number): Date {
  const time = text === undefined ? new Date(now) : new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new CliError('CLI_ARGUMENT_INVALID', `--at is "${text}", expected a time such as 2026-01-31T12:00:00Z`)
}

/** 64 bytes; shorter ones are what a nonce of 32 or 48 bytes becomes when it is filled up with zeros. */
export function bindingOf(hex: string | undefined): Binding {
  if (hex === undefined) return 'unbound'
  if (!/^(?:[0-9a-f]{2}){1,64}$/i.test(hex)) {
    throw new CliError('CLI_ARGUMENT_INVALID', `--report-data is "${hex.slice(0, 40)}", expected up to 64 bytes in hex`)
  }
  const reportData = new Uint8Array(64)
  reportData.set(fromHex(hex.toLowerCase()))
  return { reportData }
}
