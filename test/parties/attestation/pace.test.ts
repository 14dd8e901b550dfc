/** Accepted verdicts in quick succession wait, so that whoever cuts connections cannot fill a disk with records. */
import { expect, test } from 'vitest'
import { createPace } from '../../../parties/attestation/pace.ts'

test('three in a minute are free, each further one waits, and a quiet minute makes up for it', async () => {
  let now = 0
  const pauses: number[] = []
  const pace = createPace(
    () => now,
    async (ms) => {
      pauses.push(ms)
      now += ms
    },
  )
  const connect = async () => {
    await pace.turn(new AbortController().signal)
    pace.accepted()
  }
  for (let count = 0; count < 3; count += 1) await connect()
  expect(pauses).toEqual([])
  await connect()
  await connect()
  expect(pauses).toEqual([30_000, 30_000])
  now += 60_000
  await connect()
  expect(pauses).toHaveLength(2)
})

test('who leaves does not wait', async () => {
  const pace = createPace(() => 0)
  for (let count = 0; count < 3; count += 1) pace.accepted()
  const leaving = new AbortController()
  const waiting = pace.turn(leaving.signal)
  leaving.abort(new Error('left'))
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
})
