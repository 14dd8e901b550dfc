import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { roundRules, selectCohort } from '../../src/round/index.ts'
import { loansSpec } from '../support/loans.ts'

const parties = Array.from({ length: 20 }, (_, index) => `bank-${index + 10}`)

describe('the cohort', () => {
  test('is the same for the same seed and round, whatever the order of the parties', () => {
    fc.assert(
      fc.property(
        fc.nat(25),
        fc.nat(),
        fc.nat(100),
        fc.shuffledSubarray(parties, { minLength: 20 }),
        (size, ...rest) => {
          const [seed, round, order] = rest
          const chosen = selectCohort(parties, size, seed, round)
          expect(chosen).toHaveLength(Math.min(size, 20))
          expect(parties.filter((party) => chosen.includes(party))).toEqual(chosen)
          expect(selectCohort(order, size, seed, round).sort()).toEqual(chosen)
        },
      ),
      { seed: 11, numRuns: 200 },
    )
  })

  test('changes from round to round, and asks everybody as often', () => {
    const asked = new Map<string, number>()
    for (let round = 1; round <= 2_000; round++) {
      for (const party of selectCohort(parties, 5, 7, round)) asked.set(party, (asked.get(party) ?? 0) + 1)
    }
    expect(asked.size).toBe(20)
    // 500 expected, with a deviation of 19.4: beyond five of them is one chance in a million.
    for (const count of asked.values()) expect(Math.abs(count - 500)).toBeLessThan(97)
    expect(selectCohort(parties, 5, 7, 1)).not.toEqual(selectCohort(parties, 5, 8, 1))
  })
})

describe('the rules of a round', () => {
  const rules = (changes: object, number = 3, present = 20) => {
    const task = number === 0 ? 'statistics' : number === 9 ? 'evaluate' : 'train'
    return roundRules(loansSpec(parties, changes), present, number, task)
  }
  const rounds = (more: object) => ({ rounds: { count: 8, quorum: 5, ...more } })

  test('ask and wait for everybody by default', () => {
    expect(rules(rounds({}))).toEqual({ cohort: 20, quorum: 5, enough: 20, staleness: 0 })
    expect(rules(rounds({}), 3, 12)).toEqual({ cohort: 12, quorum: 5, enough: 12, staleness: 0 })
  })

  test('select more than are waited for', () => {
    const over = rounds({ cohort: 10, enough: 8, late: 'keep' })
    expect(rules(over)).toEqual({ cohort: 10, quorum: 5, enough: 8, staleness: 1 })
    expect(rules(over, 3, 7)).toEqual({ cohort: 7, quorum: 5, enough: 7, staleness: 1 })
  })

  test('keep no late update where the rounds before are of another kind', () => {
    const keep = rounds({ late: 'keep' })
    expect([0, 1, 2, 9].map((number) => rules(keep, number).staleness)).toEqual([0, 0, 1, 0])
  })

  test('close a buffered training round by its buffer', () => {
    const strategy = { kind: 'fedbuff', buffer: 6, maximumStaleness: 4 }
    const buffered = { ...rounds({ cohort: 10 }), strategy }
    expect(rules(buffered, 8)).toEqual({ cohort: 10, quorum: 5, enough: 6, staleness: 4 })
    expect(rules(buffered, 3).staleness).toBe(2)
    expect(rules(buffered, 9)).toEqual({ cohort: 10, quorum: 5, enough: 10, staleness: 0 })
  })
})
