/**
 * Lines that break in the middle of a chunk, over real processes: the party goes on where the aggregator stands, also when
 * either of them was killed meanwhile, and the model is the same bit for bit.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Federation, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'
import { createRelay, type Relay } from './relay.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

/** Its updates have 650 kB: a whole chunk and a part of another. */
const spec = () => quickSpec({ quorum: 3 }, { model: { kind: 'mlp', hidden: [400, 400] } })
const CHUNK_BYTES = 512 * 1024
/** Of a connection: in the middle of the first chunk, and in the second one. */
const places = [200_000, 600_000]

let federation: Federation
let relay: Relay
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start({
    between: async (aggregator) => {
      relay = await createRelay(aggregator)
      return relay.address
    },
  })
  const played = await federation.play(spec())
  undisturbed = modelDigest(played)
  await judgeIdentical(federation, played, undisturbed)
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
  relay.close()
})

test.each(places)('a line that breaks after %d bytes, three times', async (bytes) => {
  const before = relay.broken
  relay.breakAfter(bytes, 3)
  const played = await federation.play(spec())
  expect(relay.broken - before).toBe(3)
  await judgeIdentical(federation, played, undisturbed)
  const offsets = played.points.filter(({ point }) => point === 'upload admitted').map(({ data }) => data.offset)
  // The chunk that had arrived whole is not sent again.
  if (bytes > CHUNK_BYTES) expect(offsets).toContain(CHUNK_BYTES)
})

test.each(['aggregator', 'bank-b'] as const)('a line that breaks, and %s is killed then', async (role) => {
  const program = federation.program(role)
  relay.breakAfter(600_000, 1)
  const killing = federation
    .until(({ point, data }) => point === 'upload admitted' && data.offset === CHUNK_BYTES)
    .then(() => program.restart())
  const played = await federation.play(spec())
  await killing
  await judgeIdentical(federation, played, undisturbed)
})
