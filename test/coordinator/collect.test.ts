import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createAggregatorLink, describe as explain } from '../../src/coordinator/aggregator-link.ts'
import { collectModel } from '../../src/coordinator/collect.ts'
import { CoordinatorError } from '../../src/coordinator/index.ts'
import type { AggregationApi, ClientCall, CollectedModel } from '../../src/rpc/index.ts'
import { StoreError } from '../../src/store/index.ts'
import { sha256, standardisation } from './fake-aggregator.ts'
import { createHarness, type Harness } from './harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('gives up a model that stands still, however long it took before', async () => {
  await using harness = await createHarness()
  const { runId } = await harness.running()
  harness.aggregator.playRounds(runId, 2)
  const run = await harness.until(runId, (event) => event.kind === 'round-closed' && event.task === 'evaluate')
  const model = harness.aggregator.model
  async function* slowly(signal: AbortSignal): AsyncGenerator<CollectedModel> {
    yield { kind: 'header', digest: sha256(model), parameters: 2, standardisation }
    for (const byte of model.subarray(0, 5)) {
      vi.advanceTimersByTime(29_000)
      yield { kind: 'data', data: Uint8Array.of(byte) }
    }
    const broken = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
    vi.advanceTimersByTime(30_001)
    await broken
  }
  const api: AggregationApi<ClientCall> = { ...harness.aggregator.api, collectModel: (_, { signal }) => slowly(signal) }
  const link = createAggregatorLink(api, 'aggregator.example:7401')
  const failure = await collectModel(harness.store, link, run, 1, new AbortController().signal).catch((e: unknown) => e)
  expect(failure).toBeInstanceOf(CoordinatorError)
  expect(failure).toMatchObject({ code: 'MODEL_STALLED' })
  expect(explain(failure)).toContain('MODEL_STALLED')
})

/** A run whose model can be collected, and a link whose stream says when it has been let go of. */
async function collectable(harness: Harness, announced: Partial<Extract<CollectedModel, { kind: 'header' }>> = {}) {
  const { runId } = await harness.running()
  harness.aggregator.playRounds(runId, 2)
  const run = await harness.until(runId, (event) => event.kind === 'round-closed' && event.task === 'evaluate')
  const model = harness.aggregator.model
  const left = vi.fn()
  async function* parts(signal: AbortSignal): AsyncGenerator<CollectedModel> {
    try {
      yield { kind: 'header', digest: sha256(model), parameters: 2, standardisation, ...announced }
      for (const byte of model) {
        signal.throwIfAborted()
        yield { kind: 'data', data: Uint8Array.of(byte) }
      }
    } finally {
      left(signal.aborted)
    }
  }
  const api: AggregationApi<ClientCall> = { ...harness.aggregator.api, collectModel: (_, { signal }) => parts(signal) }
  return { run, left, link: createAggregatorLink(api, 'aggregator.example:7401') }
}

it('lets go of the stream when the description is wrong, and when the store cannot take a part', async () => {
  await using harness = await createHarness()
  const signal = new AbortController().signal
  const wrong = await collectable(harness, { parameters: 3 })
  await expect(collectModel(harness.store, wrong.link, wrong.run, 1, signal)).rejects.toThrow('3 parameters')
  expect(wrong.left).toHaveBeenCalledExactlyOnceWith(true)
  const full = await collectable(harness)
  const write = async (): Promise<never> => {
    throw new StoreError('STORE_FULL', 'no room')
  }
  const store = { ...harness.store, models: { ...harness.store.models, write } }
  await expect(collectModel(store, full.link, full.run, 1, signal)).rejects.toThrow('no room')
  expect(full.left).toHaveBeenCalledExactlyOnceWith(true)
})

it('waits for a slow store as long as it takes', async () => {
  await using harness = await createHarness()
  const { run, link, left } = await collectable(harness)
  const { models } = harness.store
  async function* slowly(data: AsyncIterable<Uint8Array>) {
    for await (const part of data) {
      vi.advanceTimersByTime(40_000)
      yield part
    }
  }
  const write: typeof models.write = (modelId, runId, data) => models.write(modelId, runId, slowly(data))
  const store = { ...harness.store, models: { ...models, write } }
  const { digest } = await collectModel(store, link, run, 1, new AbortController().signal)
  expect(digest).toEqual(sha256(harness.aggregator.model))
  expect(left).toHaveBeenCalledOnce()
})

it('says so when the events of a run end before the run does', async () => {
  await using harness = await createHarness()
  Object.assign(harness.aggregator.api, {
    watchAggregation: async function* () {
      await new Promise(setImmediate)
      yield* []
    },
  })
  const run = await harness.submit()
  for (const { party } of run.parties) await harness.decide(run, party)
  expect((await harness.untilState(run.runId, 'running', 'lost contact')).reason).toContain('(AGGREGATION_CUT)')
})

it('is what the error class says', () => {
  expect(new CoordinatorError('AGGREGATION_CUT', 'x')).toMatchObject({
    code: 'AGGREGATION_CUT',
    name: 'CoordinatorError',
  })
})
