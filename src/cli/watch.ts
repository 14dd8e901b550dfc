/**
 * `run watch`: follows a run to its end. The stream may break (a restarted coordinator, a network that goes away): it
 * is opened again from the last event that was seen, and the watcher is told. Ctrl-C ends the watching, never the run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../errors/index.ts'
import type { Run } from '../round/index.ts'
import { CliError } from './errors.ts'
import { exits } from './exit.ts'
import { checkedId } from './ids.ts'
import { type Context, styleOf } from './io.ts'
import { runRecord } from './run-record.ts'
import { openSession, type Session } from './session.ts'
import { createWatcher, type Watcher } from './watcher.ts'
import { PROGRESS_MS } from '../timeouts/index.ts'

type Dial = { readonly coordinator: string | undefined }

/** `run watch RUN`. */
export async function watch(context: Context, options: Dial, runId: string): Promise<number> {
  const id = checkedId(runId, 'run')
  return watchNewRun(context, options, async () => id)
}

/** Watches the run that `begin` names, and ends with its exit code. `run submit --watch` begins by submitting. */
export async function watchNewRun(
  context: Context,
  options: Dial,
  begin: (session: Session) => Promise<string>,
): Promise<number> {
  const leaving = new AbortController()
  const release = context.io.onSignal(() => leaving.abort(new Error('interrupted')))
  let runId = ''
  try {
    await using session = await openSession(context, options, leaving.signal)
    runId = await begin(session)
    const run = await watchRun(context, session, runId)
    if (context.json) context.result(runRecord(run), '')
    else if (run.modelId !== undefined) context.remark(`model ${run.modelId}`)
    return run.state === 'finished' ? exits.ok.code : exits.failed.code
  } catch (error) {
    if (!leaving.signal.aborted) throw error
    const id = runId.slice(0, 8)
    context.remark(runId === '' ? 'interrupted' : `stopped watching; the run goes on: coffer run watch ${id}`)
    return exits.interrupted.code
  } finally {
    release()
  }
}

/** A pause between attempts to reach the coordinator again; it doubles up to the longest. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
/** After so long without an answer the watcher gives up: exit code 3, and the run goes on. */
const PATIENCE_MS = 4 * PROGRESS_MS

/**
 * Shows a run until it has ended and returns it as it is then. Throws the reason of the session's signal when that
 * aborts. Under --json it shows plain lines on stderr, so that stdout stays free for the result.
 */
export async function watchRun(context: Context, session: Session, runId: string): Promise<Run> {
  const run = await session.runs.getRun({ runId }, session.soon)
  const output = context.json ? context.io.stderr : context.io.stdout
  const style = styleOf(output, context.io.env)
  const watcher = createWatcher(
    {
      output,
      style: context.json ? { ...style, animate: false, colour: false } : style,
      silent: context.quiet,
      now: await federationClock(context, session),
      refresh: () => session.runs.getRun({ runId: run.runId }, session.soon),
    },
    run,
  )
  try {
    await follow(session, run, watcher)
    const last = await session.runs.getRun({ runId: run.runId }, session.soon)
    watcher.decided(last)
    return last
  } finally {
    watcher.close()
  }
}

/** Events carry the federation's time; a laptop's clock may differ by minutes. */
async function federationClock({ io }: Context, session: Session): Promise<() => number> {
  const { timeMs } = await session.runs.getStatus({}, session.soon)
  const ahead = io.now() - timeMs
  return () => io.now() - ahead
}

const unreachable = (error: unknown): boolean =>
  error instanceof CodedError && (error.row.status === 'UNAVAILABLE' || error.row.status === 'DEADLINE_EXCEEDED')

async function follow(session: Session, run: Run, watcher: Watcher): Promise<void> {
  const { signal } = session.open
  let pause = FIRST_PAUSE_MS
  let waited = 0
  for (;;) {
    try {
      const from = { runId: run.runId, afterSequence: watcher.lastSequence() }
      for await (const event of session.runs.watchRun(from, session.open)) {
        watcher.event(event)
        pause = FIRST_PAUSE_MS
        waited = 0
      }
      signal.throwIfAborted()
      if (watcher.ended()) return
      throw new CliError(
        'CLI_RUN_NOT_FINISHED',
        `the events of run ${run.runId} ended after number ${watcher.lastSequence()}`,
      )
    } catch (error) {
      signal.throwIfAborted()
      if (watcher.ended()) return
      if (!unreachable(error) || waited >= PATIENCE_MS) throw error
      watcher.lost(error instanceof Error ? error.message : String(error))
      await sleep(pause, undefined, { signal })
      waited += pause
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2)
    }
  }
}
