/**
 * `coffer demo`: a whole federation on this machine. The programs are the ones that run at banks, as processes of
 * their own over mTLS; the demo submits a job like any user, watches it, and then does what no user could: it trains
 * each bank alone and all of them pooled, to show what the federation is worth. It leaves nothing running.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evaluateModel } from '../../parties/index.ts'
import { canonicalSpec } from '../job/index.ts'
import { encodedColumns, type Metrics, planModel } from '../learning/index.ts'
import type { Run } from '../round/index.ts'
import { measureBaselines, readRows } from './demo/baselines.ts'
import { attestAggregator } from './attest/check.ts'
import { type DemoFederation, startFederation } from './demo/federation.ts'
import { checkOptions, type DemoInput, type DemoOptions, prepareInput } from './demo/job.ts'
import { createProcesses, type Processes } from './demo/processes.ts'
import { type DemoResult, resultJson, resultLines } from './demo/result.ts'
import { startTampered, type Tampered } from './demo/tampered.ts'
import { CliError } from './errors.ts'
import { exits } from './exit.ts'
import { exists } from './files.ts'
import { openHome } from './home.ts'
import type { Context } from './io.ts'
import { downloadParameters } from './models.ts'
import { openSession, type Session } from './session.ts'
import { watchRun } from './watch.ts'

const LOGS = 'logs'

export async function runDemo(context: Context, options: DemoOptions): Promise<number> {
  await checkOptions(context, options)
  const directory = await mkdtemp(join(tmpdir(), 'coffer-demo-'))
  const interrupted = new AbortController()
  const release = context.io.onSignal(() => interrupted.abort(new Error('interrupted')))
  try {
    const result = await demonstrate(context, options, directory, interrupted.signal)
    context.result(resultJson(result), resultLines(result))
    await rm(directory, { recursive: true, force: true })
    return exits.ok.code
  } catch (error) {
    const { aborted } = interrupted.signal
    if (aborted || !(await isLogged(directory))) await rm(directory, { recursive: true, force: true })
    if (!aborted) throw error
    context.remark('interrupted; nothing is left running')
    return exits.interrupted.code
  } finally {
    release()
  }
}

/** Whether a program was started: each begins with its log. */
async function isLogged(directory: string): Promise<boolean> {
  const logs = join(directory, LOGS)
  return (await exists(logs)) && (await readdir(logs)).length > 0
}

/** When a program or the run fails, the directory with the programs' logs stays, and the error names it. */
async function demonstrate(
  context: Context,
  options: DemoOptions,
  directory: string,
  signal: AbortSignal,
): Promise<DemoResult> {
  const began = context.io.now()
  context.remark('A whole federation on this machine; the rows of a bank stay in its own program.')
  context.remark('SIMULATED: the aggregator attests itself by a simulated TEE, which protects nothing.')
  const input = await prepareInput(context, options, directory, signal)
  const { spec, parties, holdout, ceiling } = input
  const logs = join(directory, LOGS)
  await mkdir(logs)
  await using processes = createProcesses(logs)
  context.remark(`starting coordinator, aggregator and ${parties.length} party agents, each a process, over mTLS`)
  const federation = await startFederation(context, directory, parties, spec.data.dataset, processes)
  const tampered = await attest(context, federation, directory, parties[0]?.name ?? '', processes)
  await using session = await openSession(federation.context, { coordinator: undefined }, signal)
  const run = await runJob(context, session, input, logs)
  const rows = await readRows(spec, parties, holdout, signal)
  const federated = await evaluate(session, run, input, rows.holdout, signal)
  const baselines = await measureBaselines(spec, rows, (text) => context.remark(text), signal)
  const seconds = (context.io.now() - began) / 1000
  return { ...baselines, federated, rounds: run.round, seconds, ceiling, holdoutRows: rows.holdout.rows, tampered }
}

/** What each agent does for itself before it says a word, done once in sight, and once with a changed aggregator. */
async function attest(
  context: Context,
  federation: DemoFederation,
  directory: string,
  name: string,
  processes: Processes,
): Promise<Tampered> {
  const party = join(federation.context.home, 'parties', name)
  const bank = { ...federation.context, home: party, homeGiven: true }
  const home = await openHome(bank, 'party')
  const { refusal, verdict } = await attestAggregator(bank, home, home.config.aggregator)
  if (refusal !== undefined) throw refusal
  const status = verdict === undefined ? '' : `${verdict.tee.toUpperCase()}, TCB status ${verdict.tcb.status}, `
  context.remark(`${name} attests the aggregator: ACCEPTED (${status}SIMULATED)`)
  const tampered = await startTampered(federation.context, directory, party, processes)
  context.remark(`${name} attests another one, changed by one line, under the same certificate: REFUSED`)
  context.remark(`  ${tampered.refusal.code}: ${tampered.refusal.message}`)
  context.remark(`  ${tampered.refusal.row.cause}`)
  context.remark(`  -> ${tampered.refusal.row.next}`)
  return tampered
}

async function runJob(context: Context, session: Session, input: DemoInput, logs: string): Promise<Run> {
  const { runId } = await session.runs.submitRun({ specJson: canonicalSpec(input.spec) }, session.soon)
  const run = await watchRun(context, session, runId)
  if (run.state === 'finished') return run
  throw new CliError(
    'CLI_DEMO_RUN',
    `the run ended ${run.state}: ${run.reason}; the logs of all programs are in ${logs}`,
  )
}

async function evaluate(
  session: Session,
  run: Run,
  { spec }: DemoInput,
  table: Parameters<typeof evaluateModel>[0]['table'],
  signal: AbortSignal,
): Promise<Metrics> {
  const version = await session.runs.getModel({ modelId: run.modelId ?? '' }, session.soon)
  const parameters = await downloadParameters(session, version)
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  return evaluateModel({ plan, task: spec.task, parameters, standardisation: version.standardisation, table, signal })
}
