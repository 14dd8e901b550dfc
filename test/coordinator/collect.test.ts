import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createAggregatorLink, describe as explain } from '../../src/coordinator/aggregator-link.ts'
import { collectModel } from '../../src/coordinator/collect.ts'
import { CoordinatorError } from '../../src/coordinator/index.ts'
import type { AggregationApi, ClientCall, CollectedModel } from '../../src/rpc/index.ts'
import { sha256, standardisation } from './fake-aggregator.ts'
import { createHarness } from './harness.ts'

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
