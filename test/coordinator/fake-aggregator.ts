/**
 * An aggregator that does what the test says: it can be away, refuse, restart, cut its streams, and hand out a model
 * that is not the one it announced.
 */
import { attestedEvent } from '../support/events.ts'
import { createHash } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { finalRunStates, type RunEvent, type RunEventBody } from '../../src/round/index.ts'
import { type AggregationApi, type CollectedModel, RemoteError, RpcError } from '../../src/rpc/index.ts'

export const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
export const standardisation = { mean: [0.5], deviation: [0.25] }

interface FakeRun {
  readonly parties: readonly string[]
  readonly events: RunEvent[]
  stopped: string | undefined
}

export class FakeAggregator {
  /** While set, every call fails with it. */
  failure: Error | undefined
  readonly runs = new Map<string, FakeRun>()
  /** Bytes that collectModel sends, and what its description says of them. */
  model = new Uint8Array(8).fill(7)
  announced: { digest?: Uint8Array; parameters?: number } = {}
  readonly calls: string[] = []
  readonly #happened = new EventEmitter().setMaxListeners(0)

  /** Serves clients in this process and, bound to the service, on a network. */
  readonly api: AggregationApi<{ readonly signal: AbortSignal }> = {
    startRun: async ({ runId, parties }) => {
      this.#enter('startRun', runId)
      if (!this.runs.has(runId)) this.runs.set(runId, { parties, events: [], stopped: undefined })
      this.emit(runId, attestedEvent('simulated fake'))
      this.emit(runId, { kind: 'state-changed', state: 'running', reason: 'waiting for parties to join' })
      return {}
    },
    watchAggregation: ({ runId, afterSequence }, { signal }) => this.#watch(runId, afterSequence, signal),
    stopAggregation: async ({ runId, reason }) => {
      this.#enter('stopAggregation', runId)
      this.#run(runId).stopped = reason
      this.#happened.emit('stopped')
      return {}
    },
    getAggregationStatus: async () => {
      this.#enter('getAggregationStatus', '')
      return { activeRuns: this.runs.size }
    },
    collectModel: ({ runId }) => this.#collect(runId),
  }

  /** Nothing answers, and open streams break. */
  leave(): void {
    this.failure = new RpcError('PEER_UNREACHABLE', 'connect ECONNREFUSED')
    this.#happened.emit('event')
  }

  comeBack(): void {
    this.failure = undefined
  }

  emit(runId: string, body: RunEventBody): void {
    const { events } = this.#run(runId)
    events.push({ sequence: events.length + 1, atMs: 1_000 + events.length, ...body })
    this.#happened.emit('event')
  }

  /** Every round of a run of `rounds`, ending with the model that collectModel will send. */
  playRounds(runId: string, rounds: number): void {
    const { parties } = this.#run(runId)
    for (let round = 0; round <= rounds + 1; round++) {
      const task = round === 0 ? 'statistics' : round > rounds ? 'evaluate' : 'train'
      const last = round >= rounds
      this.emit(runId, { kind: 'round-opened', round, task, cohort: parties, deadlineMs: 5_000 })
      for (const party of parties)
        this.emit(runId, { kind: 'party-changed', party, activity: 'delivered', round, detail: '' })
      this.emit(runId, {
        kind: 'round-closed',
        round,
        task,
        contributors: parties,
        missing: [],
        metrics: round === 0 ? {} : { auc: 0.6 + round / 100 },
        trainingLoss: task === 'train' ? 0.5 : 0,
        modelDigest: last ? sha256(this.model) : sha256(Uint8Array.of(round)),
        gatherMs: 1,
        sumMs: 1,
        stepMs: 1,
        receipt: new Uint8Array(0),
      })
    }
  }

  finish(runId: string, rounds: number): void {
    this.playRounds(runId, rounds)
    this.emit(runId, { kind: 'state-changed', state: 'finished', reason: '' })
  }

  /** Waits until this side sees that a run was stopped. */
  async stopped(runId: string): Promise<string> {
    for (;;) {
      const reason = this.runs.get(runId)?.stopped
      if (reason !== undefined) return reason
      await new Promise((resolve) => this.#happened.once('stopped', resolve))
    }
  }

  async *#watch(runId: string, afterSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    this.#enter('watchAggregation', `${runId} after ${afterSequence}`)
    const { events } = this.#run(runId)
    const happened = on(this.#happened, 'event', { signal })
    try {
      for (let next = afterSequence; ; await happened.next()) {
        if (this.failure) throw new RpcError('PEER_LOST', 'the connection broke')
        for (let event = events[next]; event; event = events[++next]) {
          yield event
          if (event.kind === 'state-changed' && finalRunStates.includes(event.state)) return
        }
      }
    } finally {
      await happened.return?.()
    }
  }

  async *#collect(runId: string): AsyncGenerator<CollectedModel> {
    this.#enter('collectModel', runId)
    const { digest = sha256(this.model), parameters = 2 } = this.announced
    yield { kind: 'header', digest, parameters, standardisation }
    for (const byte of this.model) yield { kind: 'data', data: Uint8Array.of(byte) }
  }

  #enter(call: string, what: string): void {
    if (this.failure) throw this.failure
    this.calls.push(`${call} ${what}`)
  }

  #run(runId: string): FakeRun {
    const run = this.runs.get(runId)
    if (run) return run
    throw new RemoteError('AGGREGATION_UNKNOWN_RUN', 'NOT_FOUND', `run ${runId} is not held here`)
  }
}
