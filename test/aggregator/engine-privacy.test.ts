/** Differential privacy at the engine: what is clipped, how much noise comes in, what is told, and where it ends. */
import { describe, expect, test } from 'vitest'
import { PrivateRounds } from '../../src/aggregator/engine/private-round.ts'
import { epsilonOfStep, LearningError, type PrivacySpec } from '../../src/learning/index.ts'
import {
  createCore,
  engineSpec,
  factsOf,
  parametersOf,
  playRound,
  seededBytes,
  statistics,
  trained,
} from './engine-bench.ts'

type Changes = Record<string, unknown>

const privacy = (changes: Partial<PrivacySpec> = {}): PrivacySpec => ({
  clip: { kind: 'fixed', bound: 2 },
  noiseMultiplier: 1,
  delta: 1e-5,
  budget: 50,
  metrics: 'withheld',
  ...changes,
})
const adaptive = { kind: 'adaptive', initial: 0.1, quantile: 0.5, learningRate: 0.2 } as const

describe('noise', () => {
  const scale = 2 ** 27
  const even = (parties: number, within = true) => Array.from({ length: parties }, () => ({ share: 0.1, within }))
  /** Deviation of what is added to zeros, in units of the mean. */
  function deviationOf(spec: PrivacySpec, parties: readonly { share: number; within: boolean }[], totalShare: number) {
    const sum = new Float64Array(100_000)
    const rounds = new PrivateRounds(spec, [], seededBytes(`deviation ${parties.length}`))
    rounds.release({ sum, end: sum.length, scale, totalShare, parties, clip: 2 })
    expect(sum.every(Number.isInteger)).toBe(true)
    const squares = sum.reduce((total, value) => total + (value / scale / totalShare) ** 2, 0)
    return Math.sqrt(squares / sum.length)
  }
  const about = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(0.012)

  test('has the deviation z 2 max(w) C / W of the relation replace', () => {
    about(deviationOf(privacy(), even(10), 1), 2 * 0.1 * 2)
    about(deviationOf(privacy({ noiseMultiplier: 3 }), even(5), 0.5), (3 * 2 * 0.1 * 2) / 0.5)
    about(deviationOf(privacy(), [...even(5), { share: 0.5, within: true }], 1), 2 * 0.5 * 2)
  })

  test('grows by what the count of clipped parties takes: at most 15 % with few parties, less with many', () => {
    about(deviationOf(privacy({ clip: adaptive }), even(10), 1), 0.4 / Math.sqrt(1 - 1 / 4))
    about(deviationOf(privacy({ clip: adaptive }), even(100), 10), 0.04 / Math.sqrt(1 - 1 / 25))
  })

  test('moves the adaptive bound up while parties are clipped, and down while none is', () => {
    const next = (within: boolean) => {
      const rounds = new PrivateRounds(privacy({ clip: adaptive }), [], seededBytes('bound'))
      const sum = new Float64Array(1)
      return rounds.release({ sum, end: 1, scale, totalShare: 100, parties: even(1000, within), clip: 2 })
    }
    // exp(-0.2 (b - 0.5)) with b about 1 or 0: the noise of the count has deviation 50 of 1,000.
    expect(next(true) / 2).toBeCloseTo(Math.exp(-0.1), 1)
    expect(next(false) / 2).toBeCloseTo(Math.exp(0.1), 1)
  })

  test('is charged once a round, also with an adaptive bound, and refused before it is added', () => {
    const step = { noiseMultiplier: 1, samplingRate: 1, rounds: 2 }
    const budget = epsilonOfStep(step, 1e-5)
    for (const clip of [adaptive, { kind: 'fixed', bound: 2 } as const]) {
      const rounds = new PrivateRounds(privacy({ clip, budget }), [], seededBytes('charge'))
      const sum = new Float64Array(4)
      const release = () => rounds.release({ sum, end: 4, scale, totalShare: 1, parties: even(10), clip: 2 })
      release()
      expect(rounds.exhausted()).toBeUndefined()
      release()
      expect(rounds.spent).toEqual({ epsilon: budget, delta: 1e-5 })
      expect(rounds.ledger).toEqual([step])
      expect(rounds.exhausted()).toContain('budget')
      const before = [...sum]
      expect(release).toThrow(LearningError)
      expect(release).toThrow(expect.objectContaining({ code: 'PRIVACY_BUDGET_EXCEEDED' }))
      expect([...sum]).toEqual(before)
    }
  })
})

/** The noise of constant bytes is the same each time: two rounds that differ in one update differ by that alone. */
function movedBy(changes: Changes, sent: Readonly<Record<string, readonly number[]>>, facts = {}) {
  const core = createCore(changes)
  return { core, ...playRound(core, engineSpec(changes), 1, sent, facts) }
}

describe('a private round', () => {
  const quiet = { privacy: privacy({ noiseMultiplier: 0.1, budget: 1000 }) }

  test('clips each update to the bound, and leaves one within it as it is', () => {
    const zeros = { 'bank-a': [0, 0, 0], 'bank-b': [0, 0, 0] }
    const noise = movedBy(quiet, zeros).moved
    const far = movedBy(quiet, { ...zeros, 'bank-a': [6, 8, 0] }).moved
    const near = movedBy(quiet, { ...zeros, 'bank-a': [0.6, 0.8, 0] }).moved
    const parts = (moved: readonly number[]) => moved.map((value, i) => 2 * (value - (noise[i] ?? Number.NaN)))
    expect(Math.hypot(...parts(far))).toBeCloseTo(2, 5)
    expect(parts(far)[0]).toBeCloseTo(1.2, 5)
    expect(parts(near)[1]).toBeCloseTo(0.8, 5)
  })

  test('tells bound, noise and what is spent; withholds every metric', () => {
    const { result, core } = movedBy(quiet, { 'bank-a': [1, 1, 1], 'bank-b': [1, 1, 1] })
    const epsilon = epsilonOfStep({ noiseMultiplier: 0.1, samplingRate: 1, rounds: 1 }, 1e-5)
    expect(result).toMatchObject({ clip: 2, noise: 0.1, privacySpent: { epsilon, delta: 1e-5 } })
    expect(result).toMatchObject({ metrics: {}, trainingLoss: 0 })
    expect(core.standing.exhausted).toBeUndefined()
  })

  test('tells exact metrics where the job says so, and never what the columns hold', () => {
    const changes = { privacy: privacy({ metrics: 'exact' }) }
    const { result, core } = movedBy(changes, { 'bank-a': [9, 1, 1], 'bank-b': [0, 0, 1] })
    expect(result).toMatchObject({ metrics: { mse: 0.25, mae: 0.5 }, trainingLoss: 2 })
    const declared = { mean: [6, 0], deviation: [12 / Math.sqrt(12), 1] }
    expect(core.standing.model.standardisation).toEqual(declared)
    core.open({ round: 2, task: 'statistics' })
    const spec = engineSpec(changes)
    for (const party of ['bank-a', 'bank-b']) {
      const facts = factsOf(party, { rows: 1 })
      core.add(statistics(spec, [[3, 1]], facts), facts)
    }
    core.close()
    expect(core.standing.model.standardisation).toEqual(declared)
  })

  test('counts two updates of one party as one party with both shares', () => {
    const changes = { ...quiet, rounds: { count: 9, quorum: 5, late: 'keep' } }
    const spec = engineSpec(changes)
    const noiseOf = (second: string) => {
      const core = createCore(changes)
      const before = parametersOf(core)
      core.open({ round: 1, task: 'train' })
      for (const [party, staleness] of [
        ['bank-a', 0],
        ['bank-b', 0],
        [second, 1],
      ] as const) {
        const facts = factsOf(party, { staleness })
        core.add(trained(spec, [0, 0, 0], facts), facts)
      }
      core.close()
      return Math.hypot(...parametersOf(core).map((value, i) => value - (before[i] ?? Number.NaN)))
    }
    expect(noiseOf('bank-a') / noiseOf('bank-c')).toBeCloseTo(2, 4)
  })

  test('ends at the budget, with the reason, and the model stays', () => {
    const budget = epsilonOfStep({ noiseMultiplier: 1, samplingRate: 1, rounds: 2 }, 1e-5)
    const changes = { privacy: privacy({ budget }) }
    const core = createCore(changes)
    const sent = { 'bank-a': [1, 1, 1], 'bank-b': [1, 1, 1] }
    const play = (round: number) => playRound(core, engineSpec(changes), round, sent)
    play(1)
    expect(core.standing.exhausted).toBeUndefined()
    play(2)
    expect(core.standing.exhausted).toContain('privacy budget')
    const { stateDigest, state } = core.standing
    expect(() => play(3)).toThrow(expect.objectContaining({ code: 'PRIVACY_BUDGET_EXCEEDED' }))
    expect(core.standing.stateDigest).toEqual(stateDigest)
    expect(createCore(changes, state).standing.exhausted).toContain('privacy budget')
  })

  test('keeps the adaptive bound of the next round in the state', () => {
    const changes = { privacy: privacy({ clip: adaptive, noiseMultiplier: 0.5 }) }
    const core = createCore(changes)
    const sent = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`bank-${name}`, [5, 5, 5]]))
    const bounds = [1, 2, 3].map((round) => playRound(core, engineSpec(changes), round, sent).result.clip)
    expect(bounds[0]).toBe(0.1)
    expect(new Set(bounds).size).toBe(3)
    const resumed = createCore(changes, core.standing.state)
    const next = playRound(core, engineSpec(changes), 4, sent).result.clip
    expect(playRound(resumed, engineSpec(changes), 4, sent).result.clip).toBe(next)
  })
})
