/**
 * The party agent: the program at a bank. It dials out only. The coordinator proposes; the agent judges every job by
 * the party's own policy and checks the data against the job's contract before it answers; then it joins the run at
 * the aggregator, which attests itself first on every connection, and works on its tasks. Rows, cells and scores never
 * leave: what goes out is decisions, updates, and codes of what went wrong.
 */
import type { PartyPolicy } from '../../src/job/index.ts'
import {
  type Assignment,
  type ClientCall,
  type Identity,
  type LedgerApi,
  type Log,
  type Network,
  partyService,
  type Program,
  roundService,
} from '../../src/rpc/index.ts'
import type { PartyAppraiser } from '../attestation/index.ts'
import type { loadTable } from '../data/index.ts'
import type { Witness } from '../ledger/index.ts'
import { createStates, type Disk, disk as realDisk } from '../state/index.ts'
import type { BackendName, createTrainer } from '../trainers/index.ts'
import type { Desk } from './desk.ts'
import { AgentError } from './errors.ts'
import { persist } from './persist.ts'
import { RunAtParty } from './run-at-party.ts'

/** Runs held at once: each that is joined holds its rows in memory, and a thread. */
const MAXIMUM_RUNS = 16

export interface PartyOptions {
  readonly federation: string
  readonly name: string
  /** HOST:PORT of each. */
  readonly coordinator: string
  readonly aggregator: string
  readonly identity: Identity
  readonly network: Network
  /** Judges the aggregator's evidence on every connection; there is no way to do without. */
  readonly appraiser: PartyAppraiser
  readonly policy: PartyPolicy
  /** Dataset name -> path of a CSV or Parquet file. */
  readonly datasets: Readonly<Record<string, string>>
  /** Insists on a training backend; otherwise the best one that works is taken. */
  readonly backend?: BackendName
  /** Where it keeps what must outlive a crash, a directory per run. Made when it is needed; of one agent alone. */
  readonly stateDirectory: string
  /** Instead of the machine's. */
  readonly disk?: Disk
  /** Makes the witness of the coordinator's ledger; without one nobody at this party looks at the ledger. */
  readonly witness?: (parties: LedgerApi<ClientCall>) => Promise<Witness>
  /** Where trainers and tables come from, if not from a thread and a file of the party's own: a simulation shares both. */
  readonly trainers?: typeof createTrainer
  readonly openTable?: typeof loadTable
  readonly now: () => number
  readonly log: Log
  readonly version: string
}

export async function startParty(options: PartyOptions): Promise<Program> {
  const { network, identity, log, appraiser } = options
  const coordinator = network.connect({ address: options.coordinator, identity, role: 'coordinator' })
  const aggregator = network.connect({ address: options.aggregator, identity, role: 'aggregator', appraiser })
  const leaving = new AbortController()
  const runs = new Map<string, RunAtParty>()
  const leavings = new Set<Promise<void>>()
  const parties = coordinator.client(partyService)
  const desk: Desk = {
    ...options,
    states: createStates(options.stateDirectory, options.disk ?? realDisk),
    witness: await options.witness?.(parties),
    oneAtATime: queue(),
    forget(run) {
      if (runs.get(run.runId) === run) runs.delete(run.runId)
      const left = run.leave().finally(() => leavings.delete(left))
      leavings.add(left)
    },
    parties,
    rounds: aggregator.client(roundService),
  }
  const attending = persist('the coordinator', log, leaving.signal, async (connected) => {
    const stream = desk.parties.attend(
      { agentVersion: options.version },
      { signal: leaving.signal, deadlineMs: 'open' },
    )
    for await (const assignment of stream) {
      connected()
      take(assignment, runs, desk)
    }
    return 'again'
  })
  let drained: Promise<void> | undefined
  const drain = () => {
    drained ??= (async () => {
      leaving.abort()
      try {
        await Promise.all([attending, ...[...runs.values()].map((run) => run.leave()), ...leavings])
      } finally {
        await Promise.all([coordinator[Symbol.asyncDispose](), aggregator[Symbol.asyncDispose]()])
      }
    })()
    return drained
  }
  return { address: '', ended: attending, drain, [Symbol.asyncDispose]: drain }
}

function take(assignment: Assignment, runs: Map<string, RunAtParty>, desk: Desk): void {
  const { runId, phase } = assignment
  const known = runs.get(runId)
  if (phase === 'ended') {
    desk.log.info({ run: runId, detail: assignment.detail }, 'the run has ended')
    if (known) known.end()
    else new RunAtParty(runId, assignment.specJson, desk).end()
    return
  }
  if (known?.holds === false) return
  const held = [...runs.values()].filter(({ holds }) => holds).length
  const busy = new AgentError('AGENT_BUSY', `this party holds ${MAXIMUM_RUNS} runs already`)
  if (!known && phase === 'join' && held >= MAXIMUM_RUNS) {
    desk.log.error({ run: runId, code: busy.code }, `cannot join: ${busy.message}`)
    return
  }
  const run = known ?? new RunAtParty(runId, assignment.specJson, desk)
  runs.set(runId, run)
  if (!known && held >= MAXIMUM_RUNS) run.decline(busy)
  else if (phase === 'decide') run.decide()
  else run.join()
}

/** Runs one piece of work after the other: however many jobs are proposed, one dataset is looked at at a time. */
function queue(): Desk['oneAtATime'] {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next
    return next
  }
}
