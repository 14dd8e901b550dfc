/** Work in memory gives way: in order, one after the other, and the event loop goes on in between. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../src/rpc/turns.ts'

/** Works for a while, in several microtasks, without giving way. */
async function busy(ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until) await Promise.resolve()
}

test('work begins in order, when what the one before could do at once is done', async () => {
  const turns = createTurns(1_000)
  const seen: string[] = []
  const work = async (name: string) => {
    await turns.next()
    seen.push(`${name} begins`)
    await busy(1)
    seen.push(`${name} ends`)
  }
  await Promise.all(['a', 'b', 'c'].map(work))
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('after a slice of time everything else that waits comes first', async () => {
  const turns = createTurns(5)
  let done = 0
  const work = async () => {
    await turns.next()
    await busy(6)
    done += 1
  }
  const all = Promise.all(Array.from({ length: 8 }, work))
  const between: number[] = []
  while (done < 8) {
    await setImmediate()
    between.push(done)
  }
  await all
  // In no turn of the event loop more than one piece of work was done.
  const steps = between.map((count, at) => count - (between[at - 1] ?? 0))
  expect(Math.max(...steps)).toBe(1)
})

test('who comes when nobody waits has the turn at once, again and again', async () => {
  const turns = createTurns(0)
  for (let times = 0; times < 3; times++) await turns.next()
  await setImmediate()
  await expect(turns.next()).resolves.toBeUndefined()
})
