/**
 * A run's eye on the coordinator's ledger: every receipt that this party checked has to be in it, and what other parties
 * saw of it has to be the same ledger. It follows the run a little later and never holds up a round.
 *
 * What may go wrong: a ledger that cannot be believed (LedgerError), told through `distrust`. A coordinator that cannot be
 * reached, or has not entered a receipt yet, is asked again.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { CodedError } from '../../src/errors/index.ts'
import { LedgerError } from '../../src/ledger/index.ts'
import { type Log, RemoteError } from '../../src/rpc/index.ts'
import type { Witness } from '../ledger/index.ts'
import type { RunState } from '../state/index.ts'
import { Distrust } from './distrust.ts'
import { AgentError } from './errors.ts'
import { persist } from './persist.ts'

export interface LedgerWatchOptions {
  readonly run: string
  readonly witness: Witness
  readonly state: RunState
  readonly log: Log
  /** Ends all questions. */
  readonly signal: AbortSignal
  readonly distrust: (reason: Distrust) => void
  /** How often a receipt may be looked for in vain. */
  readonly patience?: number
}

/**
 * With the pauses in between (persist.ts) half an hour: a coordinator that was started anew has the receipts of a run
 * within seconds, and an aggregator that shows this party another receipt than everybody else is found out only here.
 */
const PATIENCE = 180

export class LedgerWatch {
  readonly #options: LedgerWatchOptions
  #confirming: Promise<void> = Promise.resolve()
  #comparing: Promise<void> = Promise.resolve()

  constructor(options: LedgerWatchOptions) {
    this.#options = options
  }

  /** Has every kept receipt confirmed, sooner or later. */
  confirm(): void {
    this.#confirming = this.#confirming.then(() => this.#watched(() => this.#confirmAll()))
  }

  compare(checkpoints: readonly Uint8Array[]): void {
    if (checkpoints.length === 0) return
    const { witness, signal } = this.#options
    // Of those that come while one comparison waits for the coordinator, each has its turn: eight notes a round.
    this.#comparing = this.#comparing.then(() =>
      this.#watched(() => this.#ask(() => witness.compare(checkpoints, signal))),
    )
  }

  /** Waits for what is under way, so long; tells of receipts that nobody confirmed. */
  async settle(withinMs: number): Promise<void> {
    const { state, log, run, signal } = this.#options
    const late = new AbortController()
    const either = AbortSignal.any([signal, late.signal])
    // An end of the wait like any other: nothing of it went wrong.
    const over = wait(withinMs, undefined, { signal: either }).catch(() => undefined)
    await Promise.race([Promise.all([this.#confirming, this.#comparing]), over])
    late.abort()
    const open = state.receipts.count - state.facts.confirmed
    if (open === 0) return
    const text = `${open} receipts are not confirmed to be in the coordinator's ledger`
    const { code, row } = new AgentError('AGENT_UNCONFIRMED', text)
    log.error({ run, code, next: row.next }, text)
  }

  async #confirmAll(): Promise<void> {
    const { state, witness, signal } = this.#options
    const from = state.facts.confirmed
    if (from >= state.receipts.count) return
    const open = await state.readReceipts(from)
    for (const sealed of open) {
      await this.#ask(() => witness.confirm(sealed, signal), sealed)
      if (signal.aborted) return
    }
    await state.keep({ confirmed: from + open.length })
  }

  async #ask(question: () => Promise<void>, evidence?: Uint8Array): Promise<void> {
    const { log, signal, patience = PATIENCE } = this.#options
    let inVain = 0
    const asked = async () => {
      try {
        await question()
        return 'over' as const
      } catch (error) {
        if (error instanceof LedgerError) throw new Distrust(error, [evidence])
        if (!(error instanceof RemoteError) || error.code !== 'LEDGER_LEAF_UNKNOWN') throw error
        inVain += 1
        if (inVain < patience) return 'again' as const
        const text = `asked ${inVain} times, the coordinator does not have it in its ledger: ${error.message}`
        throw new Distrust(new AgentError('AGENT_UNCONFIRMED', text), [evidence])
      }
    }
    await persist('the ledger of the coordinator', log, signal, asked)
  }

  async #watched(work: () => Promise<void>): Promise<void> {
    const { run, log, signal, distrust } = this.#options
    try {
      await work()
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Distrust) return distrust(error)
      const code = error instanceof CodedError ? { code: error.code } : {}
      log.error({ run, ...code, error }, 'the ledger of the coordinator could not be watched')
    }
  }
}
