/**
 * One task, answered: the kept update goes out again where it may still count, otherwise one is made, kept on the disk,
 * and only then sent. Whatever happens in between, the aggregator never gets two different updates for one round.
 */
import { fromHex } from '../../src/crypto/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import { ReceiptError } from '../../src/ledger/index.ts'
import { maximumStaleness } from '../../src/round/index.ts'
import { type ClientCall, type Log, RemoteError, type RoundApi } from '../../src/rpc/index.ts'
import type { Attested } from '../attestation/index.ts'
import { type RunState, StateError, type UpdateFacts } from '../state/index.ts'
import { Distrust } from './distrust.ts'
import { AgentError } from './errors.ts'
import type { LocalRun } from './local-run.ts'
import { needOf } from './schedule.ts'
import { uploadUpdate } from './upload.ts'
import { type RoundTask, work } from './work.ts'

export interface DutyOptions {
  readonly local: LocalRun
  readonly state: RunState
  readonly attested: Attested
  readonly rounds: RoundApi<ClientCall>
  readonly log: Log
}

/** Resolves when the update is in a sum. Throws Distrust, StateError, and whatever work and sending may throw. */
export async function answer(task: RoundTask, options: DutyOptions, signal: AbortSignal): Promise<void> {
  const { local, state, rounds, log } = options
  const { update: kept, facts } = state
  const need = needOf(task, kept, facts.accepted, epochOf(options), maximumStaleness(local.spec, task.kind))
  if (need === 'nothing') return
  if (need === 'resend' && kept && (await resent(task, kept, options, signal))) return
  const vectors = () => state.readVectors()
  const { bytes, next } = await work(task, vectors, { local, rounds, signal, log })
  signal.throwIfAborted()
  const made = { round: task.round, task: task.kind, rows: local.rows, weightUnit: task.weightUnit }
  await send(task.runId, await state.keepUpdate(made, bytes, next), bytes, options, signal)
}

/** False where the aggregator will not have it for the task's round, so that one is to be made. */
async function resent(task: RoundTask, kept: UpdateFacts, options: DutyOptions, signal: AbortSignal): Promise<boolean> {
  const { round, weightUnit } = kept
  if (round === task.round && weightUnit !== task.weightUnit) {
    const text = `the update of round ${round} was scaled by ${weightUnit}, the task has ${task.weightUnit}`
    throw new AgentError('AGENT_WEIGHT_UNIT', text)
  }
  const bytes = await options.state.readUpdateBytes()
  options.log.info({ run: task.runId, round, digest: kept.digest }, 'the update of before goes out again')
  try {
    return (await send(task.runId, kept, bytes, options, signal)) >= task.round
  } catch (error) {
    if (round === task.round || !(error instanceof RemoteError)) throw error
    options.log.info({ run: task.runId, round, code: error.code }, 'the late update is not wanted any more')
    return false
  }
}

/** @returns the round in whose sum it is. */
async function send(
  runId: string,
  update: UpdateFacts,
  bytes: Uint8Array,
  options: DutyOptions,
  signal: AbortSignal,
): Promise<number> {
  const { state, log } = options
  const { round, digest, length, rows: weight } = update
  const header = { kind: 'header', runId, round, digest: fromHex(digest), length, weight } as const
  const watched = watchEpoch(options)
  const counted = await uploadUpdate(bytes, header, watched, signal, log)
  // A receipt may have been quicker than the acknowledgement.
  if (state.update?.digest === digest) await keepAccepted(counted.round, digest, watched.epoch(), options)
  return counted.round
}

/** Which epoch gave the last answer: undefined where another one was attested while it was on its way. */
function watchEpoch({ rounds, ...options }: DutyOptions) {
  let [first, last] = ['', '']
  async function* submitUpdate(...request: Parameters<DutyOptions['rounds']['submitUpdate']>) {
    first = ''
    for await (const status of rounds.submitUpdate(...request)) {
      last = epochOf(options)
      first ||= last
      yield status
    }
  }
  return { submitUpdate, epoch: () => (first === last && first !== '' ? first : undefined) }
}

async function keepAccepted(
  round: number,
  digest: string,
  epoch: string | undefined,
  options: DutyOptions,
): Promise<void> {
  const { state, log } = options
  const { count, last } = state.receipts
  if (round < count) {
    const text = `round ${round} is said to hold update ${digest}, and its receipt does not`
    throw new Distrust(new ReceiptError([{ code: 'RECEIPT_UPDATE_MISSING', text }]), [last?.sealed])
  }
  if (epoch === undefined) return
  try {
    await state.keep({ accepted: { digest, round, epoch } })
  } catch (error) {
    // The update is in the sum all the same; what is lost is that its absence could be complained about.
    if (!(error instanceof StateError)) throw error
    log.warn({ code: error.code, next: error.row.next }, `the acknowledgement could not be kept: ${error.message}`)
  }
}

const epochOf = ({ attested }: Pick<DutyOptions, 'attested'>): string => attested.newest?.epoch ?? ''

/** What the aggregator is told of a task that cannot be done: which code it had would tell of the rows. */
export const publicCode = (error: unknown): string => {
  const own = error instanceof StateError || error instanceof AgentError
  if (error instanceof Distrust) return error.error.code
  return own && error instanceof CodedError ? error.code : 'AGENT_FAILED'
}
