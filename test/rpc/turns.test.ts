import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../src/rpc/grpc/turns.ts'

test('calls that come together are begun in their order, a few in each turn of the event loop', async () => {
  const turns = createTurns(3)
  const begun: number[] = []
  for (let call = 0; call < 8; call += 1) turns(() => begun.push(call))
  expect(begun).toEqual([0, 1, 2])
  await setImmediate()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  // One that comes now does not overtake those that wait.
  turns(() => begun.push(8))
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  await setImmediate()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('a call that comes alone begins at once', async () => {
  const turns = createTurns(1)
  let begun = 0
  for (let call = 0; call < 3; call += 1) {
    turns(() => {
      begun += 1
    })
    expect(begun).toBe(call + 1)
    await setImmediate()
  }
})
