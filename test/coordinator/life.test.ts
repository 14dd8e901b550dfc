import { describe, expect, it } from 'vitest'
import { CoordinatorError, type CoordinatorCode } from '../../src/coordinator/index.ts'
import { jobDigest } from '../../src/job/index.ts'
import { finalRunStates, type RunEvent } from '../../src/round/index.ts'
import { RemoteError, RpcError } from '../../src/rpc/index.ts'
import { openStore } from '../../src/store/index.ts'
import { storeOn } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { sha256, standardisation } from './fake-aggregator.ts'
import { ana, caller, canonical, createHarness, type Harness } from './harness.ts'

const refuses = (code: CoordinatorCode) =>
  expect.toSatisfy((error) => error instanceof CoordinatorError && error.code === code)
const history = async ({ store }: Harness, runId: string): Promise<readonly RunEvent[]> =>
  store.events.read(runId, 0, 10_000)
const withHarness = async (test: (harness: Harness) => Promise<void>): Promise<void> => {
  await using harness = await createHarness()
  await test(harness)
}

describe('decisions', () => {
  it('waits for every party by name, and starts when the last one has accepted', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      expect(run).toMatchObject({
        state: 'proposed',
        name: 'credit',
        submittedBy: 'ana',
        rounds: 2,
        reason: 'waiting for the decision of bank-a (not connected), bank-b (not connected) and bank-c (not connected)',
      })
      expect(run.specJson).toEqual(canonical())
      expect(run.jobDigest).toEqual(jobDigest(canonical()))
      await harness.decide(run, 'bank-c')
      expect((await harness.run(run.runId)).reason).toBe(
        'waiting for the decision of bank-a (not connected) and bank-b (not connected)',
      )
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-b')
      await harness.untilState(run.runId, 'running')
      expect(harness.aggregator.runs.get(run.runId)?.parties).toEqual(['bank-a', 'bank-b', 'bank-c'])
    }))

  it('goes on without those that declined when the quorum is reached, and says who they are', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      await harness.decide(run, 'bank-b', false, ['POLICY_DATA: income is not shared', 'too many\u001b[31m rounds'])
      expect((await harness.run(run.runId)).reason).toBe(
        'waiting for the decision of bank-a (not connected) and bank-c (not connected); 1 declined',
      )
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-c')
      const accepted = (await history(harness, run.runId)).find(
        (e) => e.kind === 'state-changed' && e.state === 'accepted',
      )
      expect(accepted).toMatchObject({ reason: 'declined: bank-b (POLICY_DATA)' })
      const running = await harness.untilState(run.runId, 'running')
      expect(running.parties.map((party) => party.decision)).toEqual(['accepted', 'declined', 'accepted'])
      expect(running.parties[1]?.reasons).toEqual(['POLICY_DATA: income is not shared', 'too many [31m rounds'])
      expect(harness.aggregator.runs.get(run.runId)?.parties).toEqual(['bank-a', 'bank-c'])
    }))

  it('is rejected with who and why when too few accept', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      await harness.decide(run, 'bank-c')
      await harness.decide(run, 'bank-a', false, ['POLICY_MODEL: mlp only'])
      await harness.decide(run, 'bank-b', false)
      expect(await harness.run(run.runId)).toMatchObject({
        state: 'rejected',
        reason: 'too few accepted: bank-a (POLICY_MODEL), bank-b (no reason given)',
      })
      expect((await harness.run(run.runId)).endedMs).toBeGreaterThan(run.createdMs)
      expect(harness.aggregator.calls).toEqual([])
    }))

  it('takes the same answer twice and refuses another one', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-a')
      await expect(harness.decide(run, 'bank-a', false)).rejects.toEqual(refuses('RUN_DECIDED'))
      await harness.control.runs.stopRun({ runId: run.runId, reason: '' }, ana)
      await harness.decide(run, 'bank-a')
      await expect(harness.decide(run, 'bank-b')).rejects.toEqual(refuses('RUN_NOT_PROPOSED'))
      expect(await history(harness, run.runId)).toHaveLength(3)
    }))

  it('refuses strangers, another job and a run that does not exist', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      await expect(harness.decide(run, 'bank-x')).rejects.toEqual(refuses('RUN_NOT_NAMED'))
      const other = { ...run, specJson: canonical({ seed: 2 }) }
      await expect(harness.decide(other, 'bank-a')).rejects.toEqual(refuses('RUN_OTHER_JOB'))
      await expect(harness.decide({ ...run, runId: 'f'.repeat(32) }, 'bank-a')).rejects.toEqual(refuses('RUN_UNKNOWN'))
    }))

  it('is not lost between two parties that answer at once', () =>
    withHarness(async (harness) => {
      const parties = Array.from({ length: 40 }, (_, n) => `bank-${n}`)
      const run = await harness.submit({ parties })
      await Promise.all(parties.map((party, n) => harness.decide(run, party, n % 2 === 0, ['odd'])))
      const running = await harness.untilState(run.runId, 'running')
      expect(running.parties.filter((party) => party.decision === 'accepted')).toHaveLength(20)
    }))
})

describe('following the aggregator', () => {
  it('keeps every event once, in order, and ends with a registered model', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.finish(runId, 2)
      const run = await harness.untilState(runId, 'finished')
      expect(run).toMatchObject({ state: 'finished', round: 2, metrics: { auc: 0.63 }, metricsModel: 2 })
      const events = await history(harness, runId)
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
      const source = harness.aggregator.runs.get(runId)?.events ?? []
      expect(events.slice(-source.length).map(({ sequence: _, ...body }) => body)).toEqual(
        source.map(({ sequence: _, ...body }) => body),
      )

      const model = await harness.control.runs.getModel({ modelId: run.modelId?.slice(0, 6) ?? '' }, ana)
      expect(model).toMatchObject({
        modelId: run.modelId,
        runId,
        name: 'credit',
        digest: sha256(harness.aggregator.model),
        rounds: 2,
        parameters: 2,
        metrics: { auc: 0.63 },
        standardisation,
        parties: ['bank-a', 'bank-b', 'bank-c'],
        tee: 'simulated fake',
      })
      expect(model.jobDigest).toEqual(jobDigest(run.specJson))
      const parts: Uint8Array[] = []
      for await (const part of harness.control.runs.downloadModel({ modelId: model.modelId }, ana)) parts.push(part)
      expect(new Uint8Array(Buffer.concat(parts))).toEqual(harness.aggregator.model)
      expect((await harness.control.runs.listModels({ limit: 0 }, ana)).models).toEqual([model])
    }))

  it('runs two jobs at once without mixing them up', () =>
    withHarness(async (harness) => {
      const [first, second] = await Promise.all([
        harness.running({ name: 'first' }),
        harness.running({ name: 'second' }),
      ])
      harness.aggregator.finish(first.runId, 2)
      harness.aggregator.emit(second.runId, {
        kind: 'state-changed',
        state: 'abandoned',
        reason: 'no quorum in round 1',
      })
      const [a, b] = await Promise.all([
        harness.untilState(first.runId, 'finished'),
        harness.untilState(second.runId, 'abandoned'),
      ])
      expect(a).toMatchObject({ name: 'first', round: 2 })
      expect(b).toMatchObject({ name: 'second', round: 0, reason: 'no quorum in round 1', modelId: undefined })
    }))

  it('waits for an aggregator that is away, says so once, and starts when it is there', () =>
    withHarness(async (harness) => {
      harness.aggregator.leave()
      const run = await harness.submit()
      for (const { party } of run.parties) await harness.decide(run, party)
      const waiting = 'waiting for the aggregator at aggregator.example:7401: connect ECONNREFUSED (PEER_UNREACHABLE)'
      expect(await harness.untilState(run.runId, 'accepted', 'waiting')).toMatchObject({
        state: 'accepted',
        reason: waiting,
      })
      expect(await harness.control.runs.getStatus({}, ana)).toMatchObject({
        aggregatorReachable: false,
        aggregatorDetail: 'connect ECONNREFUSED (PEER_UNREACHABLE)',
      })
      harness.aggregator.comeBack()
      await harness.untilState(run.runId, 'running')
      expect(await harness.control.runs.getStatus({}, ana)).toMatchObject({
        aggregatorReachable: true,
        aggregatorDetail: 'active runs: 1',
      })
      const said = (await history(harness, run.runId)).filter((e) => e.kind === 'state-changed' && e.reason === waiting)
      expect(said).toHaveLength(1)
    }))

  it('loses contact in the middle, says so, and goes on after the last event it has', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.leave()
      expect(await harness.untilState(runId, 'running', 'lost contact with the aggregator')).toMatchObject({
        state: 'running',
      })
      harness.aggregator.playRounds(runId, 2)
      harness.aggregator.comeBack()
      await harness.until(runId, (event) => event.kind === 'round-closed' && event.task === 'evaluate')
      expect(await harness.run(runId)).toMatchObject({ state: 'running', reason: '' })
      expect(harness.aggregator.calls.filter((call) => call.startsWith('watch')).at(-1)).toBe(
        `watchAggregation ${runId} after 2`,
      )
      harness.aggregator.emit(runId, { kind: 'state-changed', state: 'finished', reason: '' })
      await harness.untilState(runId, 'finished')
      const rounds = (await history(harness, runId)).filter((event) => event.kind === 'round-closed')
      expect(rounds.map((event) => event.round)).toEqual([0, 1, 2, 3])
    }))

  it('abandons a run of which the aggregator has lost the state', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.runs.clear()
      harness.aggregator.leave()
      await harness.untilState(runId, 'running', 'lost contact')
      harness.aggregator.comeBack()
      const run = await harness.untilState(runId, 'abandoned')
      expect(run.reason).toContain('no longer holds this run')
      expect(run.endedMs).toBeDefined()
    }))

  it('abandons a run that the aggregator refuses, with its code', () =>
    withHarness(async (harness) => {
      harness.aggregator.failure = new RemoteError(
        'AGGREGATION_PLAIN',
        'FAILED_PRECONDITION',
        'plain is not allowed here',
      )
      const run = await harness.submit()
      for (const { party } of run.parties) await harness.decide(run, party)
      expect((await harness.untilState(run.runId, 'abandoned')).reason).toBe(
        'the aggregator at aggregator.example:7401: plain is not allowed here (AGGREGATION_PLAIN)',
      )
    }))

  it.each([
    new RemoteError('AGGREGATION_FULL', 'RESOURCE_EXHAUSTED', 'no room'),
    new RpcError('PEER_OTHER_ROLE', 'this is a coordinator'),
    new RemoteError('CALL_NOT_ALLOWED', 'PERMISSION_DENIED', 'role user'),
    new TypeError('a bug'),
  ])('keeps trying while the failure may pass: %s', (failure) =>
    withHarness(async (harness) => {
      harness.aggregator.failure = failure
      const run = await harness.submit()
      for (const { party } of run.parties) await harness.decide(run, party)
      await harness.untilState(run.runId, 'accepted', failure.message)
      harness.aggregator.comeBack()
      await harness.untilState(run.runId, 'running')
    }),
  )

  it('takes nothing from the aggregator that is not its to say', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      for (const state of ['proposed', 'accepted', 'rejected'] as const) {
        harness.aggregator.emit(runId, { kind: 'state-changed', state, reason: 'hostile' })
      }
      harness.aggregator.emit(runId, {
        kind: 'party-changed',
        party: 'bank-a',
        activity: 'joined',
        round: 0,
        detail: '\u001b[2J',
      })
      await harness.until(runId, (event) => event.kind === 'party-changed' && event.detail === ' [2J')
      expect(await harness.run(runId)).toMatchObject({ state: 'running', reason: 'waiting for parties to join' })
    }))
})

describe('the final model', () => {
  const other = new Uint8Array(8).fill(9)
  it.each([
    ['another digest than the last round announced', 'MODEL_DIGEST_MISMATCH', { digest: sha256(other) }, undefined],
    ['other bytes than its description', 'MODEL_DIGEST_MISMATCH', {}, other],
    ['another size than the job spec makes', 'MODEL_SIZE_MISMATCH', { parameters: 3 }, undefined],
    ['fewer bytes than described', 'MODEL_SIZE_MISMATCH', {}, new Uint8Array(4)],
    ['more bytes than described', 'MODEL_SIZE_MISMATCH', {}, new Uint8Array(9)],
  ])('is refused with %s', (_, code, announced, sent) =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.playRounds(runId, 2)
      harness.aggregator.announced = { digest: sha256(harness.aggregator.model), ...announced }
      if (sent) harness.aggregator.model = sent
      harness.aggregator.emit(runId, { kind: 'state-changed', state: 'finished', reason: '' })
      const run = await harness.untilState(runId, 'abandoned')
      expect(run.reason).toContain(code)
      expect(run.modelId).toBeUndefined()
      expect((await harness.control.runs.listModels({ limit: 0 }, ana)).models).toEqual([])
    }),
  )

  it('is collected again when the connection breaks in it; until then nobody sees the run finished', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      const { collectModel } = harness.aggregator.api
      let attempts = 0
      Object.assign(harness.aggregator.api, {
        collectModel: async function* (...args: Parameters<typeof collectModel>) {
          let parts = 0
          attempts++
          for await (const part of collectModel(...args)) {
            if (attempts < 3 && parts++ === 4) throw new RpcError('PEER_LOST', 'the connection broke')
            yield part
          }
        },
      })
      harness.aggregator.finish(runId, 2)
      await harness.untilState(runId, 'finished')
      expect(attempts).toBe(3)
      const events = await history(harness, runId)
      const states = events.flatMap((event) => (event.kind === 'state-changed' ? [event.state] : []))
      expect(states.filter((state) => finalRunStates.includes(state))).toEqual(['finished'])
      expect(events.at(-1)).toMatchObject({ state: 'finished' })
      expect(events.filter((event) => event.kind === 'round-closed')).toHaveLength(4)
    }))
})

describe('the bytes of a model that never came to be', () => {
  async function* oneByte() {
    yield Uint8Array.of(1)
  }
  const refusal = new RemoteError('AGGREGATION_NO_MODEL', 'NOT_FOUND', 'there is no model')

  it('are deleted when the run is abandoned, and after a coordinator that died before it could', async () => {
    const engine = openSqlite(':memory:')
    const store = await storeOn(engine)
    let written = 0
    const write: typeof store.models.write = async (modelId, runId) => {
      await store.models.write(modelId, runId, oneByte())
      written++
      throw refusal
    }
    const parts = () => engine.db.selectFrom('model_parts').select('run_id').execute()
    await using harness = await createHarness({ store: { ...store, models: { ...store.models, write } } })
    const { runId } = await harness.running()
    harness.aggregator.finish(runId, 2)
    await harness.untilState(runId, 'abandoned', 'there is no model')
    expect(written).toBe(1)
    await expect.poll(parts).toEqual([])
    await store.models.write('orphan', runId, oneByte())
    const running = await harness.running()
    await store.models.write('begun', running.runId, oneByte())
    await harness.restart()
    expect(await parts()).toEqual([{ run_id: running.runId }])
  })
})

describe('stopping a run', () => {
  it('ends a proposed run without the aggregator', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      const stopped = await harness.control.runs.stopRun({ runId: run.runId.slice(0, 8), reason: 'wrong seed' }, ana)
      expect(stopped).toMatchObject({ state: 'stopped', reason: 'stopped by ana: wrong seed' })
      expect(harness.aggregator.calls).toEqual([])
    }))

  it('ends a running one, tells the aggregator, and stopping again changes nothing', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      const stopped = await harness.control.runs.stopRun({ runId, reason: '' }, ana)
      expect(stopped.state).toBe('stopped')
      expect(await harness.aggregator.stopped(runId)).toBe('stopped by ana')
      const again = await harness.control.runs.stopRun({ runId, reason: 'other' }, caller('user', 'bob'))
      expect(again).toEqual(stopped)
    }))

  it('ends a finished one not at all', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.finish(runId, 2)
      const run = await harness.untilState(runId, 'finished')
      expect(await harness.control.runs.stopRun({ runId, reason: 'late' }, ana)).toEqual(run)
    }))

  it('tells an aggregator that was away when it is back, even after a restart of the coordinator', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      harness.aggregator.leave()
      await harness.control.runs.stopRun({ runId, reason: 'budget' }, ana)
      expect(await harness.store.runs.pendingStops()).toEqual([runId])
      await harness.restart()
      harness.aggregator.comeBack()
      expect(await harness.aggregator.stopped(runId)).toBe('stopped by ana: budget')
      await expect.poll(() => harness.store.runs.pendingStops()).toEqual([])
    }))

  it('does not let a model in that arrives after the stop', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.running()
      const { collectModel } = harness.aggregator.api
      let collecting = (): void => undefined
      const begun = new Promise<void>((resolve) => {
        collecting = resolve
      })
      Object.assign(harness.aggregator.api, {
        collectModel: async function* (...[request, call]: Parameters<typeof collectModel>) {
          for await (const part of collectModel(request, call)) {
            yield part
            collecting()
            if (!call.signal.aborted) await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
          }
        },
      })
      harness.aggregator.finish(runId, 2)
      await begun
      const stopped = await harness.control.runs.stopRun({ runId, reason: '' }, ana)
      expect(stopped.state).toBe('stopped')
      expect(await harness.run(runId)).toMatchObject({ state: 'stopped', modelId: undefined })
      expect((await harness.control.runs.listModels({ limit: 0 }, ana)).models).toEqual([])
    }))
})

describe('a restart of the coordinator', () => {
  it('takes up every run where it was', () =>
    withHarness(async (harness) => {
      const proposed = await harness.submit({ name: 'proposed' })
      const running = await harness.running({ name: 'running' })
      harness.aggregator.leave()
      const accepted = await harness.submit({ name: 'accepted' })
      for (const { party } of accepted.parties) await harness.decide(accepted, party)
      await harness.untilState(accepted.runId, 'accepted', 'waiting')
      await harness.control.close()
      harness.aggregator.comeBack()
      harness.aggregator.finish(running.runId, 2)
      await harness.restart()
      await harness.untilState(running.runId, 'finished')
      await harness.untilState(accepted.runId, 'running')
      await harness.decide(proposed, 'bank-a')
      await harness.decide(proposed, 'bank-b')
      await harness.decide(proposed, 'bank-c')
      await harness.untilState(proposed.runId, 'running')
      const events = await history(harness, running.runId)
      expect(events.filter((event) => event.kind === 'round-closed')).toHaveLength(4)
    }))

  it('does not miss decisions that are made while it still looks at a proposed run', async () => {
    const store = await openStore('sqlite::memory:')
    let hold: Promise<void> | undefined
    const get: typeof store.runs.get = async (runId) => {
      const held = hold
      hold = undefined
      const run = await store.runs.get(runId)
      await held
      return run
    }
    await using harness = await createHarness({ store: { ...store, runs: { ...store.runs, get } } })
    const run = await harness.submit()
    let letGo = (): void => undefined
    hold = new Promise((resolve) => {
      letGo = resolve
    })
    await harness.restart()
    for (const { party } of run.parties) await harness.decide(run, party)
    letGo()
    await harness.untilState(run.runId, 'running')
  })
})
