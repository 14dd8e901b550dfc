/** The aggregator's two services: what the coordinator may ask of it, and what a party may. */
import { CodedError } from '../errors/index.ts'
import type { AggregationApi, RoundApi, ServerCall } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import { IncomingUpload } from './incoming.ts'
import type { Runs } from './runs.ts'

/** Model bytes per message. */
const CHUNK_BYTES = 512 * 1024

export function createAggregation(runs: Runs): AggregationApi<ServerCall> {
  return {
    async startRun(request) {
      await runs.start(request)
      return {}
    },
    async *watchAggregation({ runId, afterSequence }, { signal }) {
      yield* runs.watch(runId, afterSequence, signal)
      if (!signal.aborted) await runs.retire(runId)
    },
    async stopAggregation({ runId, reason }) {
      await runs.stop(runId, reason)
      return {}
    },
    getAggregationStatus: async () => ({ activeRuns: runs.active }),
    async *collectModel({ runId }, { signal }) {
      const run = await runs.get(runId, signal)
      const { state, model } = run
      if (state !== 'finished') throw new AggregatorError('AGGREGATION_NO_MODEL', `run ${runId} is ${state}`)
      const { digest, standardisation, bytes } = model
      yield { kind: 'header', digest, parameters: bytes.length / Float32Array.BYTES_PER_ELEMENT, standardisation }
      for (const data of chunks(bytes)) yield { kind: 'data', data }
      run.collected()
      await runs.retire(runId)
    },
  }
}

export function createRounds(runs: Runs): RoundApi<ServerCall> {
  return {
    join: (request, { peer, signal }) => runs.join(peer.name, request, signal),
    async *fetchParameters({ runId, modelDigest, offset }, { peer }) {
      const run = runs.awake(runId)
      const { length } = run.parameters(peer.name, modelDigest)
      // Each piece is asked for anew and copied: a reader that stands still keeps one piece alive, not a whole model.
      for (let at = offset; at < length; at += CHUNK_BYTES) {
        yield run.parameters(peer.name, modelDigest).slice(at, at + CHUNK_BYTES)
      }
    },
    async *submitUpdate(parts, { peer, signal, widen, fail }) {
      const incoming = new IncomingUpload(parts, signal)
      // A sender that takes no answers must not keep a stream, with all that it has sent on it, after its upload is over.
      const { ended } = incoming
      ended.addEventListener('abort', () => {
        if (!incoming.whole && ended.reason instanceof CodedError) fail(ended.reason)
      })
      try {
        const header = await incoming.header()
        yield* runs.awake(header.runId).receive(peer.name, header, incoming, widen)
      } finally {
        incoming.end()
      }
    },
    async *fetchReceipts({ runId, after }, { peer }) {
      yield* runs.awake(runId).receipts(peer.name, after)
    },
    async declineTask({ runId, round, code }, { peer }) {
      runs.awake(runId).decline(peer.name, round, code)
      return {}
    },
  }
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}
