/**
 * This party as a witness of the aggregator: before it works on a task it has checked and kept every receipt until then,
 * so that an aggregator that was rolled back, doubled, or that tells parties different things is found out before it gets
 * another update.
 *
 * What may go wrong: Distrust (the run is left), StateError (the task is declined), and what the connection throws.
 */
import { ReceiptError } from '../../src/ledger/index.ts'
import { equalBytes, toHex } from '../../src/crypto/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import type { ClientCall, Log, RoundApi, Task } from '../../src/rpc/index.ts'
import type { Attested, AttestedEpoch } from '../attestation/index.ts'
import type { RunState } from '../state/index.ts'
import { Distrust } from './distrust.ts'
import { AgentError } from './errors.ts'
import { judgeReceipt, type RunTerms } from './judge-receipt.ts'
import { PROGRESS_MS } from '../../src/timeouts/index.ts'

/** All receipts of a long run among many parties are hundreds of megabytes. */
const FETCH_DEADLINE_MS = 10 * PROGRESS_MS

export interface ReceiptWatchOptions {
  readonly terms: RunTerms
  /** Receipts that the run can have: one a round. */
  readonly most: number
  readonly state: RunState
  readonly attested: Attested
  readonly rounds: Pick<RoundApi<ClientCall>, 'fetchReceipts'>
  readonly log: Log
}

export class ReceiptWatch {
  readonly #options: ReceiptWatchOptions

  constructor(options: ReceiptWatchOptions) {
    this.#options = options
  }

  /**
   * Resolves when the receipts before this task were checked and kept, and the task follows from the newest.
   * @param fresh the task is the first of a connection: whether the other end has the newest receipt as we do is asked
   */
  async catchUp(task: Task, fresh: boolean, signal: AbortSignal): Promise<void> {
    const { state, most } = this.#options
    await this.#keepEpoch()
    const { count, last } = state.receipts
    if (task.receipts < count || task.receipts > most) {
      const text = `the run has ${task.receipts} receipts, this party checked ${count}, and the job ends with ${most}`
      throw new Distrust(new AgentError('AGENT_ROLLED_BACK', text), [last?.sealed])
    }
    const again = fresh && last !== undefined
    if (again || task.receipts > count) await this.#fetch(task.receipts, again, signal)
    this.#requireProven(task)
  }

  /** Whose receipts are to be expected from now on. An epoch that another one followed is over for good. */
  async #keepEpoch(): Promise<void> {
    const { attested, state } = this.#options
    const { newest } = attested
    if (newest === undefined) throw distrusted('RECEIPT_EPOCH', 'no aggregator was attested')
    const { epochs } = state.facts
    const place = epochs.findIndex(({ epoch }) => epoch === newest.epoch)
    if (place >= 0 && place === epochs.length - 1) return
    if (place >= 0 || state.receipts.endedEpochs.has(newest.epoch)) {
      throw distrusted('RECEIPT_EPOCH', `epoch ${newest.epoch} came back after another one`)
    }
    await state.keep({ epochs: [...epochs, newest] })
  }

  async #fetch(upTo: number, again: boolean, signal: AbortSignal): Promise<void> {
    const { state, rounds, terms } = this.#options
    const { count, last } = state.receipts
    const request = { runId: terms.run, after: again ? count - 1 : count }
    const call = { signal, deadlineMs: FETCH_DEADLINE_MS }
    let toCompare = again ? last : undefined
    for await (const sealed of rounds.fetchReceipts(request, call)) {
      if (toCompare !== undefined) this.#compare(sealed, toCompare.sealed)
      else await this.#take(sealed)
      toCompare = undefined
      // More of them belong to a round that closed meanwhile: its task is on the way.
      if (state.receipts.count >= upTo) break
    }
    if (toCompare === undefined && state.receipts.count >= upTo) return
    const text = `${upTo} receipts were announced, ${toCompare ? count - 1 : state.receipts.count} came`
    throw new Distrust(new AgentError('AGENT_ROLLED_BACK', text), [last?.sealed])
  }

  #compare(theirs: Uint8Array, ours: Uint8Array): void {
    if (equalBytes(theirs, ours)) return
    const text = `receipt ${this.#options.state.receipts.count - 1} is another one than this party checked before`
    throw new Distrust(new AgentError('AGENT_FORKED', text), [theirs, ours])
  }

  async #take(sealed: Uint8Array): Promise<void> {
    const { state, terms, log } = this.#options
    const { parsed, witnessed } = this.#judge(sealed)
    const before = state.update
    await state.keepReceipt(parsed)
    const { round, epoch, updates } = parsed.receipt
    const counted = before !== undefined && state.update === undefined
    const fields = { run: terms.run, round, epoch, parties: updates.length, counted }
    if (witnessed) log.info(fields, 'checked the receipt')
    else
      log.warn(fields, 'a receipt of an epoch that this party never attested: only its place in the chain was checked')
  }

  #judge(sealed: Uint8Array) {
    const { state, terms } = this.#options
    try {
      return judgeReceipt(sealed, terms, state, (epoch) => this.#attested(epoch))
    } catch (error) {
      if (error instanceof CodedError) throw new Distrust(error, [sealed, state.receipts.last?.sealed])
      throw error
    }
  }

  #attested(epoch: string): AttestedEpoch | undefined {
    const { attested, state } = this.#options
    return attested.get(epoch) ?? state.facts.epochs.find((each) => each.epoch === epoch)
  }

  /** Each round that closed has a receipt, and a round starts from the model that the one before ended with. */
  #requireProven(task: Task): void {
    const { count, last } = this.#options.state.receipts
    if (task.kind === 'ended') return
    const given = task.kind === 'statistics' ? undefined : toHex(task.modelDigest)
    const known = last?.modelAfter
    if (task.round === count && (given === undefined || given === known)) return
    const text = `round ${task.round} from model ${given ?? 'none'} does not follow from ${count} receipts that end with model ${known ?? 'none'}`
    throw new Distrust(new AgentError('AGENT_TASK_UNPROVEN', text), [last?.sealed])
  }
}

const distrusted = (code: 'RECEIPT_EPOCH', text: string): Distrust => new Distrust(new ReceiptError([{ code, text }]))
