/** What the host and a party with the run key can write between them, and an aggregator must not go on from. */
import { expect, test } from 'vitest'
import { openState } from '../../src/aggregator/durable/index.ts'
import { AggregatorError } from '../../src/aggregator/index.ts'
import { takeOver } from '../../src/aggregator/take-over.ts'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { encodeRecord, parseRecord } from '../../src/round/index.ts'
import { createBench, nextTask, runId, upload } from './bench.ts'
import { ModelDisk } from './durable/model-disk.ts'

/** A run that was suspended after round 1, as whoever has its key can read it. */
async function suspended() {
  const disk = new ModelDisk()
  const bench = createBench({}, false, await openState('/state', disk))
  await bench.start()
  const streams = bench.spec.parties.map((party) => bench.join(party))
  const tasks = () => Promise.all(streams.map(nextTask))
  for (const round of [0, 1]) {
    const given = await tasks()
    expect(given[0]).toMatchObject({ round })
    await Promise.all(
      given.map((task, i) => bench.submit(bench.spec.parties[i] ?? '', upload(task, bench.update(task)))),
    )
  }
  const [{ runKey } = { runKey: new Uint8Array(0) }] = await tasks()
  await bench.runs.close('the aggregator was shut down')
  const states = await openState('/state', disk)
  const [header] = states.list()
  if (!header) throw new Error('the run is stored')
  const opened = await states.unlock(runId, runKey)
  const state = await opened.state(1)
  await states[Symbol.asyncDispose]()
  return { disk, runKey, header, records: opened.records.map(parseRecord), state }
}

const refused = expect.toSatisfy(
  (error) => error instanceof AggregatorError && error.code === 'AGGREGATION_STATE_DAMAGED',
)

test('the state of the last commit is taken over', async () => {
  const { disk, runKey, state } = await suspended()
  await using states = await openState('/state', disk)
  const { restore, history, shelf, journal } = await takeOver(states, runId, runKey)
  expect(Buffer.compare(restore ?? new Uint8Array(0), state)).toBe(0)
  expect({ next: history.next, receipts: shelf.count }).toEqual({ next: 2, receipts: 2 })
  shelf[Symbol.dispose]()
  await journal.close()
})

test.each([
  ['in a log that names it', true],
  ['in the log as it was', false],
])('a state that is forged behind genuine receipts is refused, %s', async (_, named) => {
  const { header, records, state } = await suspended()
  const forged = Uint8Array.from(state)
  forged[0] = (forged[0] ?? 0) ^ 1
  await using states = await openState('/forged', new ModelDisk())
  const { journal, runKey } = await states.create(header)
  for (const record of records) {
    if (record.kind !== 'committed') await journal.append(encodeRecord(record))
    else {
      const { round } = record
      const last = round === 1 && named
      const told = last ? { ...record, stateDigest: toHex(sha256(forged)) } : record
      await journal.commit({ round, state: forged, record: encodeRecord(told) })
    }
  }
  await journal.close()
  // And is refused as before when the next party comes with the key.
  for (let i = 0; i < 2; i++) await expect(takeOver(states, runId, runKey)).rejects.toEqual(refused)
})
