/**
 * `attest collateral fetch`, `bundle` and `show`: collateral as files, for people. Nothing is verified here but the form;
 * what a file says about itself is shown as such.
 */
import {
  collateralDocuments,
  fetchCollateral,
  mergeCollateralBundles,
  parseCollateralService,
  platformName,
  readCollateralBundle,
  type ReadCollateral,
} from '../../../parties/index.ts'
import { namesSimulation, parseQuote, type Platform, platformOf } from '../../attestation/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, readBytes, readText, writeNew } from '../files.ts'
import { required } from '../init/sign.ts'
import { type Context, styleOf } from '../io.ts'
import { type Column, renderTable } from '../view/index.ts'
import { timeOf } from './verify.ts'

export interface FetchOptions {
  readonly quote: string | undefined
  readonly tee: Platform['tee'] | undefined
  readonly fmspc: string | undefined
  readonly ca: Platform['ca'] | undefined
  readonly service: string | undefined
  readonly 'service-ca': string | undefined
  readonly 'root-crl': string | undefined
  readonly out: string | undefined
}

/** Nobody wonders before that. */
const PROGRESS_MS = 2000
const DAY_MS = 86_400_000
/** A refresh that has failed for days shows here before anything is refused. */
const SOON_DAYS = 3

export async function fetch(context: Context, options: FetchOptions): Promise<number> {
  const out = context.path(options.out ?? 'collateral.json')
  if (await exists(out)) throw new CliError('CLI_FILE_EXISTS', `${out} exists already`)
  const platform = await platformAskedFor(context, options)
  const { service: url, 'service-ca': ca, 'root-crl': rootCrl } = options
  const authorities = ca === undefined ? undefined : await readText(context.path(ca), 'service-ca')
  const service = parseCollateralService({
    ...(url !== undefined && { service: url }),
    ...(rootCrl !== undefined && { rootCrl }),
    ...(authorities !== undefined && { authorities }),
  })
  if (service.plain) context.remark('collateral comes over plain http: good for a PCCS on this machine only')
  const found = await fetchShowingProgress(context, platform, service)
  await writeNew({ path: out, text: found.json })
  const at = context.io.now()
  context.result({ file: out, service: service.base, ...recordOf(found, at) }, [
    `${out}: collateral of ${platformName(platform)} from ${service.base}`,
    ...linesOf([found], at, context),
  ])
  return exits.ok.code
}

async function fetchShowingProgress(
  context: Context,
  platform: Platform,
  service: ReturnType<typeof parseCollateralService>,
): Promise<ReadCollateral> {
  const stop = new AbortController()
  const release = context.io.onSignal(() => stop.abort())
  let state = 'no answer yet'
  const timer = setInterval(() => context.remark(`fetching from ${service.base}: ${state}`), PROGRESS_MS)
  const progress = (answer: string, received: number, of: number) => {
    state = `${received} of ${of} answers, the last one ${answer}`
  }
  try {
    return await fetchCollateral(platform, service, { signal: stop.signal, now: context.io.now, progress })
  } finally {
    clearInterval(timer)
    release()
  }
}

async function platformAskedFor(context: Context, options: FetchOptions): Promise<Platform> {
  const { quote, tee, fmspc, ca } = options
  if (quote === undefined) {
    if (tee === undefined || fmspc === undefined || ca === undefined) {
      throw new CliError('CLI_ARGUMENT_INVALID', 'give --quote, or all of --tee, --fmspc and --ca')
    }
    if (/^[0-9a-f]{12}$/i.test(fmspc)) return { tee, fmspc: fmspc.toLowerCase(), ca }
    throw new CliError('CLI_ARGUMENT_INVALID', `--fmspc is "${fmspc.slice(0, 40)}", expected 6 bytes in hexadecimal`)
  }
  if (tee !== undefined || fmspc !== undefined || ca !== undefined) {
    throw new CliError('CLI_ARGUMENT_INVALID', '--quote names the platform; --tee, --fmspc and --ca do not go with it')
  }
  return platformOf(parseQuote(await readBytes(context.path(quote), 'quote')))
}

export async function bundle(
  context: Context,
  options: { readonly out: string | undefined },
  files: readonly string[],
): Promise<number> {
  const out = context.path(required(options.out, 'out'))
  const bundles: ReadCollateral[][] = []
  for (const file of files) bundles.push(await readCollateralBundle(context.path(file)))
  const { text, entries, older } = mergeCollateralBundles(bundles)
  for (const each of older) {
    context.remark(`left out, because another file has newer collateral: ${platformName(each.platform)}`)
  }
  await writeNew({ path: out, text })
  const at = context.io.now()
  context.result({ file: out, platforms: entries.map((each) => recordOf(each, at)), leftOut: older.length }, [
    `${out}: a bundle of ${entries.length}`,
    ...linesOf(entries, at, context),
  ])
  return exits.ok.code
}

export async function show(
  context: Context,
  options: { readonly at: string | undefined },
  file: string,
): Promise<number> {
  const at = timeOf(options.at, context.io.now()).getTime()
  const path = context.path(file)
  const entries = await readCollateralBundle(path)
  const platforms = entries.map((each) => recordOf(each, at))
  context.result({ file: path, at: new Date(at), platforms }, linesOf(entries, at, context))
  return platforms.some(({ expired }) => expired) ? exits.failed.code : exits.ok.code
}

/** In the names of the documents; times as ISO 8601. */
function recordOf({ collateral, platform, validUntil }: ReadCollateral, at: number) {
  const documents = collateralDocuments(collateral).map((each) => ({
    document: each.document,
    issuer: each.issuer,
    issueDate: new Date(each.issued),
    nextUpdate: new Date(each.nextUpdate),
    daysLeft: daysLeft(each.nextUpdate, at),
    ...(each.revoked !== undefined && { revoked: each.revoked }),
    ...(each.evaluation !== undefined && { tcbEvaluationDataNumber: each.evaluation }),
  }))
  const simulated = namesSimulation(collateral.pckCrlChain[1].commonName)
  return { ...platform, simulated, usableUntil: new Date(validUntil), expired: validUntil < at, documents }
}

const columns: readonly Column[] = [
  { title: 'PLATFORM' },
  { title: 'DOCUMENT' },
  { title: 'ISSUER', shrink: true },
  { title: 'ISSUED' },
  { title: 'NEXT UPDATE' },
  { title: 'DAYS LEFT', align: 'right' },
  { title: 'REVOKED', align: 'right' },
  { title: 'TCB EVALUATION', align: 'right' },
]

function linesOf(entries: readonly ReadCollateral[], at: number, { io }: Context): string[] {
  const { animate, width } = styleOf(io.stdout, io.env)
  const records = entries.map((each) => recordOf(each, at))
  const rows = entries.flatMap(({ collateral, platform }) =>
    collateralDocuments(collateral).map(({ document, issuer, issued, nextUpdate, revoked, evaluation }) => [
      ...[platformName(platform), document, issuer, dateOf(issued), dateOf(nextUpdate)],
      ...[daysLeft(nextUpdate, at), revoked, evaluation].map((number) => (number === undefined ? '' : String(number))),
    ]),
  )
  const simulated = records.some((each) => each.simulated)
  return [
    ...(simulated ? ['SIMULATED: issued by a simulated TEE, it protects nothing'] : []),
    ...renderTable(columns, rows, animate ? width : undefined),
    ...entries.flatMap((each) => warningOf(each, at)),
  ]
}

function warningOf({ platform, validUntil }: ReadCollateral, at: number): string[] {
  const date = new Date(validUntil).toISOString()
  if (validUntil < at) return [`EXPIRED: ${platformName(platform)} was usable until ${date}; fetch it again`]
  if (daysLeft(validUntil, at) >= SOON_DAYS) return []
  return [`WARNING: ${platformName(platform)} is usable until ${date} only; fetch it again`]
}

/** Whole days; less than none where the time has passed. */
const daysLeft = (until: number, at: number): number => Math.floor((until - at) / DAY_MS)
const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10)
