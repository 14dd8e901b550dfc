/** An aggregator that is shut down to be started again: whoever asks meanwhile is told to come back, and no run ends of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openState } from '../../src/aggregator/durable/index.ts'
import { AggregatorError } from '../../src/aggregator/index.ts'
import { RpcError, type Task } from '../../src/rpc/index.ts'
import { jobDigest } from '../../src/job/index.ts'
import { createBench, nextTask, runId, takePart, upload } from './bench.ts'

test('every question is answered with PEER_DRAINING, and the run is there for the next epoch', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-states-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const bench = createBench({}, false, await openState(directory))
  await bench.start()
  const [first, second] = [bench.join('bank-a'), bench.join('bank-b')]
  // They wait for the third; what they are told depends on how far they have come.
  const waiting = Promise.allSettled([nextTask(first), nextTask(second)])
  const closed = bench.runs.close('the aggregator was shut down')
  const draining = (error: unknown) => error instanceof RpcError && error.code === 'PEER_DRAINING'
  for (const asked of [
    () => nextTask(bench.join('bank-c')),
    () => bench.start(),
    () => bench.events(),
    () => bench.aggregation.stopAggregation({ runId, reason: 'enough' }, bench.as('coordinator', 'main')),
    () => bench.rounds.declineTask({ runId, round: 0, code: 'AGENT_FAILED' }, bench.as('party', 'bank-a')),
  ]) {
    await expect(asked()).rejects.toSatisfy(draining)
  }
  await closed
  await expect(nextTask(bench.join('bank-c'))).rejects.toSatisfy(draining)
  await Promise.all([first.return?.(), second.return?.()])
  await waiting
  const states = await openState(directory)
  expect(states.list().map((header) => header.runId)).toEqual([runId])
  // Nobody has brought its key yet.
  const next = createBench({}, false, states)
  const declined = next.rounds.declineTask({ runId, round: 0, code: 'AGENT_FAILED' }, next.as('party', 'bank-a'))
  await expect(declined).rejects.toSatisfy(
    (error: unknown) => error instanceof AggregatorError && error.code === 'AGGREGATION_ASLEEP',
  )
})

test('a run that had ended is there with its model as soon as a party brings its key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-states-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const bench = createBench({}, false, await openState(directory))
  const { specJson, spec } = bench
  await bench.aggregation.startRun({ runId, specJson, parties: spec.parties }, bench.as('coordinator', 'main'))
  let runKey = new Uint8Array(0)
  const noting = async (task: Task) => {
    runKey = new Uint8Array(task.runKey)
    await bench.submit('bank-a', upload(task, bench.update(task)))
    return undefined
  }
  // They hear of the end when the coordinator has the model, which here it never has.
  void Promise.all([takePart(bench, 'bank-a', noting), takePart(bench, 'bank-b'), takePart(bench, 'bank-c')])
  expect((await bench.events()).at(-1)).toMatchObject({ kind: 'state-changed', state: 'finished' })
  await bench.runs.close('the aggregator was shut down')
  const next = createBench({}, false, await openState(directory))
  const call = next.as('coordinator', 'main')
  const collected = next.aggregation.collectModel({ runId }, call)[Symbol.asyncIterator]().next()
  const request = { runId, jobDigest: jobDigest(next.specJson), rows: 10, runKey, checkpoint: new Uint8Array(0) }
  void nextTask(next.rounds.join(request, next.as('party', 'bank-a'))[Symbol.asyncIterator]())
  expect((await collected).value).toMatchObject({ kind: 'header' })
})
