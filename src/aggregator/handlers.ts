/** The aggregator's two services: what the coordinator may ask of it, and what a party may. */
import type { AggregationApi, RoundApi, ServerCall } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import type { Runs } from './runs.ts'
import { IncomingUpload } from './incoming.ts'

/** Model bytes per message. */
const CHUNK_BYTES = 512 * 1024

export function createAggregation(runs: Runs): AggregationApi<ServerCall> {
  return {
    async startRun(request) {
      runs.start(request)
      return {}
    },
    watchAggregation: ({ runId, afterSequence }, { signal }) => runs.get(runId).events.watch(afterSequence, signal),
    async stopAggregation({ runId, reason }) {
      runs.get(runId).stop(reason)
      return {}
    },
    getAggregationStatus: async () => ({ activeRuns: runs.active }),
    async *collectModel({ runId }) {
      const { state, model } = runs.get(runId)
      if (state !== 'finished') throw new AggregatorError('AGGREGATION_NO_MODEL', `run ${runId} is ${state}`)
      const { digest, size, standardisation, bytes } = model
      yield { kind: 'header', digest, parameters: size, standardisation }
      for (const data of chunks(bytes)) yield { kind: 'data', data }
    },
  }
}

export function createRounds(runs: Runs): RoundApi<ServerCall> {
  return {
    join: ({ runId, jobDigest, rows }, { peer, signal }) => runs.get(runId).join(peer.name, jobDigest, rows, signal),
    async *fetchParameters({ runId, modelDigest, offset }, { peer }) {
      const run = runs.get(runId)
      const { length } = run.parameters(peer.name, modelDigest)
      // Each piece is asked for anew and copied: a reader that stands still keeps one piece alive, not a whole model.
      for (let at = offset; at < length; at += CHUNK_BYTES) {
        yield run.parameters(peer.name, modelDigest).slice(at, at + CHUNK_BYTES)
      }
    },
    async *submitUpdate(parts, { peer, signal, widen }) {
      const incoming = new IncomingUpload(parts, signal)
      try {
        const header = await incoming.header()
        yield* runs.get(header.runId).receive(peer.name, header, incoming, widen)
      } finally {
        incoming.end()
      }
    },
    async *fetchReceipts() {
      yield* []
    },
    async declineTask({ runId, round, code }, { peer }) {
      runs.get(runId).decline(peer.name, round, code)
      return {}
    },
  }
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}
