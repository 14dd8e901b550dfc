import { expect, test } from 'vitest'
import { NewestEvents, type RunEvent } from '../../src/round/index.ts'

const change = (sequence: number, detail = ''): RunEvent => {
  return { sequence, atMs: 0, kind: 'party-changed', party: 'alpha', activity: 'joined', round: 1, detail }
}

test('events are found by their numbers, and numbers go on when the oldest are let go', () => {
  const newest = new NewestEvents(0, { events: 100, bytes: 1e9 })
  for (let sequence = 1; sequence <= 1000; sequence += 1) newest.push(change(sequence))
  expect(newest.last).toBe(1000)
  expect(newest.all.length).toBeLessThanOrEqual(100)
  expect(newest.all.length).toBeGreaterThanOrEqual(90)
  expect(newest.dropped).toBe(1000 - newest.all.length)
  expect(newest.at(newest.dropped)).toBeUndefined()
  expect(newest.at(newest.dropped + 1)?.sequence).toBe(newest.dropped + 1)
  expect(newest.at(1000)?.sequence).toBe(1000)
  expect(newest.at(1001)).toBeUndefined()
})

test('large events count by their bytes, and the newest is held in any case', () => {
  const newest = new NewestEvents(7, { events: 1000, bytes: 10_000 })
  for (let sequence = 8; sequence <= 50; sequence += 1) newest.push(change(sequence, 'x'.repeat(1800)))
  expect(newest.all.map(({ sequence }) => sequence)).toEqual([46, 47, 48, 49, 50])
  newest.push(change(51, 'x'.repeat(100_000)))
  expect(newest.all.map(({ sequence }) => sequence)).toEqual([51])
})

test('an event that does not follow is a defect of the caller', () => {
  const newest = new NewestEvents(3)
  expect(() => newest.push(change(3))).toThrow('event 3 follows 3')
  newest.push(change(4))
  expect(() => newest.push(change(6))).toThrow('event 6 follows 4')
})
