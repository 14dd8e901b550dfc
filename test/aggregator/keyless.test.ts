/** When a run that nobody has the key of may begin anew: only if no round of it can have been committed. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Keyless } from '../../src/aggregator/keyless.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function keyless(quorum: number) {
  const changed = vi.fn()
  const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d']
  return { waiting: new Keyless({ parties, quorum, deadlineSeconds: 30, changed }), parties, changed }
}

test('at once when everybody has come without the key', () => {
  const { waiting, parties, changed } = keyless(2)
  for (const party of parties.slice(0, 3)) waiting.add(party)
  expect(waiting.certain).toBe(false)
  expect(changed).not.toHaveBeenCalled()
  waiting.add('bank-d')
  expect(waiting.certain).toBe(true)
  expect(changed).toHaveBeenCalledOnce()
})

describe('at the deadline', () => {
  test('when those who may have the key are too few for a round', () => {
    const { waiting, changed } = keyless(3)
    waiting.add('bank-a')
    waiting.add('bank-b')
    vi.advanceTimersByTime(29_999)
    expect(waiting.certain).toBe(false)
    vi.advanceTimersByTime(1)
    expect(waiting.certain).toBe(true)
    expect(changed).toHaveBeenCalledOnce()
  })

  test('not while there may be a quorum that has it, nor because a party comes again', () => {
    const { waiting, changed } = keyless(3)
    waiting.add('bank-a')
    waiting.add('bank-a')
    vi.advanceTimersByTime(60_000)
    expect(waiting.certain).toBe(false)
    waiting.add('bank-b')
    expect(waiting.certain).toBe(true)
    expect(changed).toHaveBeenCalledOnce()
  })
})

test('never after the run has woken', () => {
  const { waiting, changed } = keyless(3)
  waiting.add('bank-a')
  waiting.add('bank-b')
  waiting.clear()
  vi.advanceTimersByTime(60_000)
  expect(changed).not.toHaveBeenCalled()
})
