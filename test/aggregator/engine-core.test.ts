/** The engine's numbers without its thread: every strategy and rule through whole rounds, and what is kept of them. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto/index.ts'
import { RoundError } from '../../src/round/index.ts'
import {
  createCore,
  engineSpec,
  factsOf,
  parametersOf,
  playRound,
  sealed,
  statistics,
  trained,
} from './engine-bench.ts'

describe('a run', () => {
  test('finds the standardisation, trains, evaluates, and says what each round found', () => {
    const spec = engineSpec()
    const core = createCore()
    expect(core.standing.model.standardisation).toEqual({ mean: [0, 0], deviation: [1, 1] })
    core.open({ round: 0, task: 'statistics' })
    for (const [party, x] of [
      ['bank-a', 3],
      ['bank-b', 9],
    ] as const) {
      const facts = factsOf(party, { rows: 1 })
      const update = statistics(spec, [[x, 1]], facts)
      expect(update.length).toBe(core.updateBytes('statistics'))
      core.add(update, facts)
    }
    expect(core.close()).toMatchObject({ metrics: {}, trainingLoss: 0, clip: null, noise: null, privacySpent: null })
    expect(core.standing.model.standardisation).toEqual({ mean: [6, 1], deviation: [3, 0] })

    const { result, moved } = playRound(core, spec, 1, { 'bank-a': [1, 2, -4], 'bank-b': [0, 2, 0] })
    expect(moved[0]).toBeCloseTo(0.5, 6)
    expect(moved.slice(1).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([2, -2])
    expect(result).toMatchObject({ metrics: { mse: 0.25, mae: 0.5 }, trainingLoss: 2 })
    expect(result.model).toEqual(core.standing.model)
    expect(result.model.digest).toEqual(sha256(result.model.bytes))
    expect(result.stateDigest).toEqual(sha256(result.state))

    core.open({ round: 2, task: 'evaluate' })
    const evaluation = { deltas: new Float64Array(0), counts: [2], sums: [0.5, 0.5] }
    for (const party of ['bank-a', 'bank-b']) {
      const facts = factsOf(party)
      core.add(sealed(spec, 'evaluate', evaluation, facts.rows / facts.weightUnit), facts)
    }
    const last = core.close()
    expect(last).toMatchObject({ metrics: { mse: 0.25, mae: 0.25 }, trainingLoss: 0 })
    expect(last.model.digest).toEqual(result.model.digest)
    expect(last.stateDigest).not.toEqual(result.stateDigest)
  })

  test('releases no sum of fewer parties than the minimum, and goes on gathering; two updates of one are one party', () => {
    const spec = engineSpec({ rounds: { count: 9, quorum: 5, late: 'keep' } })
    const core = createCore({ rounds: { count: 9, quorum: 5, late: 'keep' } })
    core.open({ round: 1, task: 'train' })
    const add = (party: string, staleness: number) => {
      const facts = factsOf(party, { staleness })
      core.add(trained(spec, [1, 1, 1], facts), facts)
    }
    add('bank-a', 0)
    add('bank-a', 1)
    const close = () => core.close()
    expect(close).toThrow(RoundError)
    expect(close).toThrow(expect.objectContaining({ code: 'ROUND_BELOW_MINIMUM' }))
    add('bank-b', 0)
    close()
    expect(parametersOf(core)).toHaveLength(3)
  })
})
