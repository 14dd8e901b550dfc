import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Turns } from '../../src/aggregator/turns.ts'

test('so many pieces are done in this turn of the event loop, and all of them in the end', async () => {
  const turns = new Turns(2)
  let done = 0
  const pieces = Array.from({ length: 7 }, async () => {
    await turns.next()
    done += 1
  })
  // Everything that needs no further turn.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  await Promise.resolve()
  expect(done).toBe(2)
  await setImmediate()
  expect(done).toBeLessThan(7)
  await Promise.all(pieces)
  expect(done).toBe(7)
})
