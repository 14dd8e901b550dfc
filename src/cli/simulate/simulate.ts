/**
 * `coffer simulate`: a job with hundreds of made-up parties in this one process, on the code that runs in earnest. What
 * it shows is how parties learn together and what the system can carry; what it does not show is a network, separate
 * machines, and data of anybody.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { toHex } from '../../crypto/index.ts'
import { canonicalSpec, type JobSpec } from '../../job/index.ts'
import { encodedColumns, planModel } from '../../learning/index.ts'
import type { ModelVersion, Run } from '../../round/index.ts'
import { createMemoryNetwork } from '../../rpc/index.ts'
import { exits } from '../exit.ts'
import { readText, refuseOccupied } from '../files.ts'
import { type Context, styleOf } from '../io.ts'
import { downloadParameters } from '../models.ts'
import type { Session } from '../session.ts'
import { openTables } from './data.ts'
import { createErrors } from './programs-log.ts'
import { createDiary, type Diary } from './diary.ts'
import { startFederation } from './federation.ts'
import { readJob, type SimulatedJob, simulatedJob } from './job.ts'
import { checkOptions, type SimulateOptions, type Wanted } from './options.ts'
import { createProgress, type Progress } from './progress.ts'
import { resultJson, resultLines, type SimulationResult } from './result.ts'
import { createWeather, type Weather } from './weather.ts'

export async function simulate(context: Context, options: SimulateOptions, file: string): Promise<number> {
  const wanted = checkOptions(options)
  const job = simulatedJob(readJob(await readText(context.path(file), 'job spec')), wanted)
  if (wanted.out !== undefined) await refuseOccupied(context.path(wanted.out))
  const interrupted = new AbortController()
  const release = context.io.onSignal(() => interrupted.abort(new Error('interrupted')))
  try {
    const result = await play(context, job, wanted, interrupted.signal)
    const { width } = styleOf(context.io.stdout, context.io.env)
    context.result(resultJson(result), resultLines(result, width))
    return result.state === 'finished' ? exits.ok.code : exits.failed.code
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    context.remark('interrupted; nothing is left running')
    return exits.interrupted.code
  } finally {
    release()
  }
}

async function play(
  context: Context,
  job: SimulatedJob,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<SimulationResult> {
  const began = performance.now()
  using delay = watchEventLoop()
  const { spec, changes } = job
  const { size } = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  tellChanges(context, job, wanted, size)
  const tables = await openTables(context, spec, wanted, signal)
  const errors = createErrors(context)
  const network = createMemoryNetwork({ now: context.io.now })
  using weather = wanted.drop === 0 ? undefined : createWeather(network, job.absences)
  using progress = createProgress(context, spec.rounds.count, wanted.parameters === undefined)
  progress.phase(`starting ${spec.parties.length} parties with ${tables.about}`)
  const { now, version } = context.io
  const setting = { spec, wanted, tables, network, weather, now, version, log: errors.log, signal }
  await using federation = await startFederation(setting)
  const diary = createDiary()
  const run = await follow(federation.session, spec, { diary, progress, weather })
  const model = await modelOf(context, federation.session, run, spec, wanted)
  return {
    parties: spec.parties.length,
    parameters: size,
    training: wanted.parameters === undefined ? 'real' : 'made up',
    changes,
    entries: diary.entries,
    state: run.state,
    reason: run.reason,
    metrics: wanted.parameters === undefined ? run.metrics : {},
    modelDigest: model === undefined ? null : toHex(model.digest),
    seconds: (performance.now() - began) / 1000,
    peakRss: process.resourceUsage().maxRSS * 1024,
    eventLoopMs: delay.longestMs(),
    receipts: diary.receipts,
    errors,
  }
}

/** How long the event loop stood still at most: what a program on it would have waited. */
function watchEventLoop(): Disposable & { readonly longestMs: () => number } {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  return { longestMs: () => delay.max / 1e6, [Symbol.dispose]: () => void delay.disable() }
}

function tellChanges(context: Context, { spec, changes }: SimulatedJob, { drop }: Wanted, parameters: number): void {
  context.remark(
    'SIMULATED: all parties, the coordinator and the aggregator are in this process; nothing is protected.',
  )
  context.remark(`job ${spec.name}, as it is played:`)
  for (const change of changes) context.remark(`  ${change}`)
  context.remark(`  model of ${parameters.toLocaleString('en-US')} parameters`)
  if (drop > 0) context.remark(`  each party is gone in each round with probability ${drop}`)
}

interface Listeners {
  readonly diary: Diary
  readonly progress: Progress
  readonly weather: Weather | undefined
}

async function follow({ runs, soon, open }: Session, spec: JobSpec, listeners: Listeners): Promise<Run> {
  const { diary, progress, weather } = listeners
  const { runId } = await runs.submitRun({ specJson: canonicalSpec(spec) }, soon)
  progress.phase('the parties judge the job')
  for await (const event of runs.watchRun({ runId, afterSequence: 0 }, open)) {
    weather?.event(event)
    const entry = diary.event(event)
    if (entry) progress.closed(entry)
    if (event.kind === 'attested') progress.phase('accepted; the parties attest the aggregator and join')
  }
  return await runs.getRun({ runId }, soon)
}

/** The run's model version; exported where that is wanted. */
async function modelOf(
  context: Context,
  session: Session,
  { modelId }: Run,
  spec: JobSpec,
  { out }: Wanted,
): Promise<ModelVersion | undefined> {
  if (modelId === undefined) return undefined
  const version = await session.runs.getModel({ modelId }, session.soon)
  if (out === undefined) return version
  const parameters = await downloadParameters(session, version)
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const { standardisation } = version
  const directory = context.path(out)
  const { exportModel } = await import('../../../parties/index.ts')
  await exportModel({ directory, plan, parameters, spec, standardisation, lineage: version })
  context.remark(`exported the model to ${directory}`)
  return version
}
