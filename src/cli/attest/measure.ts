/**
 * `attest measure`: what to write into the attestation policy for an aggregator. From the bundle it computes what
 * anybody can compute again; the measurements of firmware, kernel and image it can only read from a quote of a machine
 * that somebody set up and trusts, and says so beside each value. A quote counts here only after it was verified.
 */
import {
  AttestationError,
  type Body,
  intelSgxRootPem,
  parseCollateral,
  parseEventLog,
  replay,
  type TdBody,
  type Verdict,
  verifyEvidence,
} from '../../attestation/index.ts'
import { fromHex, toHex } from '../../crypto/index.ts'
import { digestsOf, type ProgramDigests } from '../../measured/index.ts'
import { rtmr3After } from '../../tee/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { readBytes, readText } from '../files.ts'
import { required } from '../init/sign.ts'
import type { Context } from '../io.ts'
import { clean } from '../view/index.ts'
import { fragment, type Reference, sgxReference, tdxReference } from './measure-programs.ts'
import { parseSigstruct, type Sigstruct } from './sigstruct.ts'
import { timeOf } from './verify.ts'

export interface MeasureOptions {
  readonly bundle: string | undefined
  readonly quote: string | undefined
  readonly collateral: string | undefined
  readonly roots: string | undefined
  readonly at: string | undefined
  readonly 'event-log': string | undefined
  readonly mrenclave: string | undefined
  readonly sigstruct: string | undefined
}

interface Measured {
  readonly bundle: (ProgramDigests & { readonly rtmr3: string }) | undefined
  readonly sigstruct: Sigstruct | undefined
  readonly mrEnclave: string | undefined
  readonly verdict: Verdict | undefined
  readonly events: number | undefined
  readonly problems: readonly string[]
}

export async function measure(context: Context, options: MeasureOptions): Promise<number> {
  if (![options.bundle, options.quote, options.mrenclave, options.sigstruct].some((each) => each !== undefined)) {
    throw new CliError('CLI_ARGUMENT_INVALID', 'nothing to measure: give --bundle, --quote, --mrenclave or --sigstruct')
  }
  const bundle = await measureBundle(context, options.bundle)
  const sigstruct = await measureSigstruct(context, options.sigstruct)
  const mrEnclave = givenEnclave(options.mrenclave)
  try {
    const verdict = await verdictOf(context, options)
    const log = await replayLog(context, options['event-log'], verdict?.body, bundle?.rtmr3)
    const problems = [...log.problems, ...contradictions(verdict?.body, bundle?.rtmr3, mrEnclave, sigstruct)]
    return tell(context, { bundle, sigstruct, mrEnclave, verdict, events: log.events, problems })
  } catch (error) {
    if (!(error instanceof AttestationError) || error.code === 'EVIDENCE_ARGUMENT') throw error
    const reasons = error.reasons.map(({ code, text }) => clean(`  ${code}: ${text}`))
    const codes = error.reasons.map(({ code }) => code)
    const head = 'REFUSED: the quote or its event log is not genuine, and nothing was read from it'
    context.result({ ok: false, reasons: codes, programs: [] }, [head, ...reasons])
    return exits.failed.code
  }
}

async function measureBundle(context: Context, file: string | undefined): Promise<Measured['bundle']> {
  if (file === undefined) return undefined
  const digests = digestsOf(await readBytes(context.path(file), 'bundle'))
  return { ...digests, rtmr3: toHex(rtmr3After(fromHex(digests.sha384))) }
}

async function measureSigstruct(context: Context, file: string | undefined): Promise<Sigstruct | undefined> {
  return file === undefined ? undefined : parseSigstruct(await readBytes(context.path(file), 'SIGSTRUCT'), file)
}

function givenEnclave(hex: string | undefined): string | undefined {
  if (hex === undefined || /^[0-9a-f]{64}$/i.test(hex)) return hex?.toLowerCase()
  throw new CliError('CLI_ARGUMENT_INVALID', `--mrenclave is "${hex.slice(0, 80)}", expected 32 bytes in hex`)
}

async function verdictOf(context: Context, options: MeasureOptions): Promise<Verdict | undefined> {
  if (options.quote === undefined) return undefined
  const file = required(options.collateral, 'collateral')
  const quote = await readBytes(context.path(options.quote), 'quote')
  const collateral = parseCollateral(await readText(context.path(file), 'collateral'))
  const roots = options.roots === undefined ? intelSgxRootPem : await readText(context.path(options.roots), 'roots')
  const now = timeOf(options.at, context.io.now())
  return verifyEvidence({ quote }, { roots, collateral, binding: 'unbound', now })
}

/**
 * The log is written by firmware and boot loader: what the running system extended into RTMR3 is not in it, so that
 * register may also have the value that the bundle leads to.
 */
async function replayLog(
  context: Context,
  file: string | undefined,
  body: Body | undefined,
  afterBundle: string | undefined,
): Promise<{ events: number | undefined; problems: string[] }> {
  if (file === undefined) return { events: undefined, problems: [] }
  if (body === undefined || body.kind === 'sgx') {
    throw new CliError('CLI_ARGUMENT_INVALID', '--event-log needs --quote with a quote of a TD')
  }
  const events = parseEventLog(await readBytes(context.path(file), 'event log'))
  const found = [body.rtmr0, body.rtmr1, body.rtmr2, body.rtmr3]
  const problems = replay(events).flatMap((value, at) => {
    if (value === found[at] || (at === 3 && found[at] === afterBundle)) return []
    return [`the event log leads to RTMR${at} ${value}, the quote has ${found[at]}`]
  })
  return { events: events.length, problems }
}

/** Two sources that cannot both be right. A register that is still zero belongs to a machine before the program ran. */
function contradictions(
  body: Body | undefined,
  rtmr3: string | undefined,
  mrEnclave: string | undefined,
  sigstruct: Sigstruct | undefined,
): string[] {
  const td = body === undefined || body.kind === 'sgx' ? undefined : body
  const enclaves = [
    ...(mrEnclave === undefined ? [] : [['--mrenclave', mrEnclave] as const]),
    ...(sigstruct === undefined ? [] : [['SIGSTRUCT', sigstruct.mrEnclave] as const]),
    ...(body?.kind === 'sgx' ? [['the quote', body.mrEnclave] as const] : []),
  ]
  const [first, ...others] = enclaves
  const other = others.find(([, value]) => value !== first?.[1])
  return [
    ...(td && rtmr3 !== undefined && !/^0*$/.test(td.rtmr3) && td.rtmr3 !== rtmr3
      ? [`the machine has RTMR3 ${td.rtmr3}, the bundle leads to ${rtmr3}: it ran something else, or more`]
      : []),
    ...(first && other ? [`MRENCLAVE is ${first[1]} in ${first[0]} and ${other[1]} in ${other[0]}`] : []),
    ...(sigstruct?.debugAllowed ? ['SIGSTRUCT lets the host start the enclave in debug mode'] : []),
    ...(td && (mrEnclave ?? sigstruct) ? ['the quote is of a TD, the other values are of an SGX enclave'] : []),
  ]
}

function referenceOf({ bundle, sigstruct, mrEnclave, verdict }: Measured): Reference | undefined {
  const body = verdict?.body
  if (body !== undefined && body.kind !== 'sgx') return tdxReference(body, bundle?.rtmr3)
  return sgxReference({ mrEnclave, sigstruct, body })
}

function tell(context: Context, measured: Measured): number {
  const { bundle, verdict, events, problems } = measured
  const reference = problems.length === 0 ? referenceOf(measured) : undefined
  const record = {
    ok: problems.length === 0,
    ...(bundle && { bundle }),
    ...(measured.sigstruct && { sigstruct: measured.sigstruct }),
    ...(verdict && { quote: { tee: verdict.tee, status: verdict.tcb.status, simulated: verdict.simulated } }),
    ...(verdict && { body: verdict.body, root: verdict.root }),
    ...(events !== undefined && { events }),
    problems,
    programs: reference ? [reference.program] : [],
    sources: reference?.sources ?? {},
  }
  context.result(record, [...factLines(measured), ...fragmentLines(reference, measured)])
  return problems.length === 0 ? exits.ok.code : exits.failed.code
}

const fact = (name: string, value: string): string => `  ${name.padEnd(17)}${value}`

function factLines({ bundle, sigstruct, verdict, events, problems }: Measured): string[] {
  return [
    ...(bundle ? ['Computed from the bundle; a second build of the same sources gives the same:'] : []),
    ...(bundle ? [fact('SHA-256', bundle.sha256), fact('SHA-384', bundle.sha384), fact('RTMR3', bundle.rtmr3)] : []),
    ...(sigstruct ? ['Read from SIGSTRUCT, whose signature holds:'] : []),
    ...(sigstruct ? [fact('MRENCLAVE', sigstruct.mrEnclave), fact('MRSIGNER', sigstruct.mrSigner)] : []),
    ...(sigstruct ? [fact('ISVPRODID', `${sigstruct.isvProdId}`), fact('ISVSVN', `${sigstruct.isvSvn}`)] : []),
    ...(verdict ? quoteLines(verdict) : []),
    ...(events === undefined
      ? []
      : [
          `The event log has ${events} events. It shows the digests behind RTMR0 to RTMR2, not that its texts are true.`,
        ]),
    ...problems.map((problem) => `REFUSED: ${problem}`),
  ]
}

function quoteLines({ tee, tcb, body, root, simulated }: Verdict): string[] {
  const values = body.kind === 'sgx' ? sgxLines(body) : tdLines(body)
  return [
    ...(simulated ? ['SIMULATED: the quote is of a simulated TEE; a production policy refuses it'] : []),
    'Read from the quote, which is genuine. That the machine is a good one, nobody computed: these values are worth',
    'what you know of the machine on the day of the quote. Compare them with a second machine, or with the image:',
    fact('TEE', `${tee.toUpperCase()}, TCB status ${tcb.status}, root "${root.name}"`),
    ...values,
  ]
}

const sgxLines = (body: Extract<Body, { kind: 'sgx' }>): string[] => [
  fact('MRENCLAVE', body.mrEnclave),
  fact('MRSIGNER', body.mrSigner),
  fact('ISVPRODID', `${body.isvProdId}`),
  fact('ISVSVN', `${body.isvSvn}`),
  fact('CONFIGID', body.configId),
]

const tdLines = (body: TdBody): string[] => [
  ...(['mrTd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrSeam', 'mrConfigId', 'mrOwner', 'mrOwnerConfig'] as const).map(
    (name) => fact(name.toUpperCase(), body[name]),
  ),
  fact('TEE_TCB_SVN', body.teeTcbSvn),
  fact('XFAM', body.xfam),
  fact('TD ATTRIBUTES', body.tdAttributes.hex),
]

function fragmentLines(reference: Reference | undefined, { bundle, problems }: Measured): string[] {
  if (reference !== undefined)
    return ['', '# for `coffer policy new`, below roles: aggregator:', ...fragment(reference)]
  if (problems.length > 0) return ['no fragment for the policy: mend what was refused first']
  const digest = bundle?.rtmr3 ?? ''
  return ['', '# not a whole program yet: give --quote of a good machine for the rest', `# rtmr3: ["${digest}"]`]
}
