/** `run submit`, `list`, `show` and `stop`: one call each, and the printing of what came back. */
import { isSimulated, type Run } from '../round/index.ts'
import { CliError } from './errors.ts'
import { exits } from './exit.ts'
import { readText } from './files.ts'
import { checkedId } from './ids.ts'
import { type Context, styleOf } from './io.ts'
import { runRecord } from './run-record.ts'
import { openSession } from './session.ts'
import { ago, clean, decimal, isFinal, leadingMetric, renderTable, teeMark, teeText } from './view/index.ts'
import { watchNewRun } from './watch.ts'

interface Dial {
  readonly coordinator: string | undefined
}

const DEFAULT_LIMIT = 50
const MAXIMUM_LIMIT = 500
/** Of a stop's reason, in characters (coordinator.proto). */
const MAXIMUM_REASON = 500

export function listLimit(limit = DEFAULT_LIMIT): number {
  if (limit >= 1 && limit <= MAXIMUM_LIMIT) return limit
  throw new CliError('CLI_ARGUMENT_INVALID', `--limit is ${limit}, expected 1 to ${MAXIMUM_LIMIT}`)
}

/** The spec is checked here first, so that its faults are told with their lines, and without a coordinator. */
export async function submit(
  context: Context,
  options: Dial & { readonly watch: boolean },
  file: string,
): Promise<number> {
  const text = await readText(context.path(file), 'job spec')
  const { canonicalSpec, parseJobSpec } = await import('../job/index.ts')
  const specJson = canonicalSpec(parseJobSpec(text))
  if (options.watch) {
    return await watchNewRun(context, options, async (session) => {
      const { runId } = await session.runs.submitRun({ specJson }, session.soon)
      context.remark(`submitted run ${runId}`)
      return runId
    })
  }
  await using session = await openSession(context, options)
  const run = await session.runs.submitRun({ specJson }, session.soon)
  context.result(runRecord(run), [
    `submitted run ${run.runId}`,
    `  ${clean(run.name)}; waiting for ${run.parties.map(({ party }) => party).join(', ')}`,
    `next: coffer run watch ${run.runId.slice(0, 8)}`,
  ])
  return exits.ok.code
}

export async function list(context: Context, options: Dial & { readonly limit: number | undefined }): Promise<number> {
  const limit = listLimit(options.limit)
  await using session = await openSession(context, options)
  const { runs } = await session.runs.listRuns({ limit }, session.soon)
  const { width } = styleOf(context.io.stdout, context.io.env)
  context.result(
    { runs: runs.map(runRecord) },
    runs.length === 0 ? 'no runs yet' : runTable(runs, context.io.now(), width),
  )
  return exits.ok.code
}

export function runTable(runs: readonly Run[], now: number, width: number): string[] {
  const rows = runs.map((run) => [
    run.runId.slice(0, 8),
    run.name,
    run.state,
    `${run.round}/${run.rounds}`,
    leadingText(run),
    teeMark(run.tee),
    `${ago(now - run.createdMs)} ago`,
    run.submittedBy,
  ])
  return renderTable(
    [
      { title: 'RUN' },
      { title: 'NAME', shrink: true },
      { title: 'STATE' },
      { title: 'ROUND', align: 'right' },
      { title: 'METRIC', align: 'right' },
      { title: 'TEE' },
      { title: 'SUBMITTED', align: 'right' },
      { title: 'BY', shrink: true },
    ],
    rows,
    width,
  )
}

function leadingText({ metrics }: Pick<Run, 'metrics'>): string {
  const name = leadingMetric(metrics)
  const value = name === undefined ? undefined : metrics[name]
  return value === undefined ? '' : `${name} ${decimal(value)}`
}

export async function show(context: Context, options: Dial, given: string): Promise<number> {
  const runId = checkedId(given, 'run')
  await using session = await openSession(context, options)
  const run = await session.runs.getRun({ runId }, session.soon)
  const { width } = styleOf(context.io.stdout, context.io.env)
  context.result(runRecord(run), runLines(run, width))
  return exits.ok.code
}

function aggregatorText({ tee }: Run): string {
  if (tee === '') return 'none has said yet where it runs'
  return isSimulated(tee) ? teeText(tee) : `${teeText(tee)}, it says; each party attests it by itself`
}

export function runLines(run: Run, width: number): string[] {
  const { jobDigest, createdAt, endedAt } = runRecord(run)
  const metrics = Object.entries(run.metrics).map(([name, value]) => `${name} ${decimal(value)}`)
  const facts: [string, string][] = [
    ['run', run.runId],
    ['name', run.name],
    ['state', run.reason === '' ? run.state : `${run.state}: ${run.reason}`],
    ['aggregator', aggregatorText(run)],
    ['round', `${run.round} of ${run.rounds}`],
    ['metrics', metrics.length === 0 ? 'none yet' : `${metrics.join('  ')} (model after ${run.metricsModel} rounds)`],
    ['model', run.modelId ?? 'none'],
    ['job digest', jobDigest],
    ['submitted', `${createdAt} by ${run.submittedBy}`],
    ...(endedAt === null ? [] : [['ended', endedAt] as [string, string]]),
  ]
  const before = run.state === 'proposed' || run.state === 'rejected'
  const parties = run.parties.map(({ party, decision, reasons, activity }) => [
    party,
    decision,
    before || decision === 'declined' ? '' : activity,
    reasons.join('; '),
  ])
  const columns = [
    { title: 'PARTY', shrink: true },
    { title: 'DECISION' },
    { title: 'ACTIVITY' },
    { title: 'REASONS' },
  ] as const
  return [
    ...facts.map(([name, value]) => `${name.padEnd(10)}  ${clean(value)}`),
    '',
    ...renderTable(columns, parties, width),
  ]
}

export async function stop(
  context: Context,
  options: Dial & { readonly reason: string | undefined },
  given: string,
): Promise<number> {
  const runId = checkedId(given, 'run')
  if (options.reason !== undefined && options.reason.length > MAXIMUM_REASON) {
    throw new CliError(
      'CLI_ARGUMENT_INVALID',
      `--reason has ${options.reason.length} characters, expected at most ${MAXIMUM_REASON}`,
    )
  }
  await using session = await openSession(context, options)
  // The coordinator itself writes down who stopped it.
  const reason = options.reason ?? ''
  const run = await session.runs.stopRun({ runId, reason }, session.soon)
  context.result(
    runRecord(run),
    `run ${run.runId.slice(0, 8)} is ${run.state}${run.reason === '' ? '' : `: ${clean(run.reason)}`}`,
  )
  return isFinal(run.state) ? exits.ok.code : exits.failed.code
}
