/** Server steps against Reddi et al. 2021, Algorithm 2, worked out by hand and by an independent transcription. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createStrategy, type ServerState, stalenessWeight, type StrategySpec } from '../../src/learning/index.ts'
import { refusal } from './refusal.ts'

const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.001 }
const specs: StrategySpec[] = [
  { kind: 'fedavg' },
  { kind: 'fedprox', mu: 0.1 },
  { kind: 'fedadagrad', learningRate: 0.1, beta1: 0.9, tau: 0.001 },
  { kind: 'fedyogi', ...settings },
  { kind: 'fedadam', ...settings },
]

/** Runs rounds of deltas; the parameters after each. */
function run(spec: StrategySpec, start: number[], deltas: number[][], trainable = start.length) {
  const strategy = createStrategy(spec)
  let state: ServerState = strategy.start(start.length, trainable)
  let parameters: Float32Array = Float32Array.from(start)
  const after = deltas.map((delta) => {
    const next = strategy.step(state, parameters, Float64Array.from(delta))
    state = next.state
    parameters = next.parameters
    return [...parameters]
  })
  return { after, state, strategy }
}

describe('two steps worked out by hand, x = 1, deltas 0.5 then -0.25', () => {
  // eta .1, beta1 .9, beta2 .99, tau .001, v before = 1e-6.
  // m: .05, then .045 - .025 = .02.
  test.each<[StrategySpec['kind'], number, number]>([
    ['fedavg', 1.5, 1.25],
    ['fedprox', 1.5, 1.25],
    // v: .250001, then .312501. Steps .005 / .501000999999 and .002 / .560017889
    ['fedadagrad', 1.0099800201, 1.0135513328],
    // v: 1e-6 + .01 * .25 = .002501, then + .01 * .0625 = .003126. Steps .005 / .0510099990, .002 / .0569106431
    ['fedyogi', 1.0980200037, 1.1331628208],
    // v: .99e-6 + .0025 = .00250099, then .0024759801 + .000625 = .0031009801. Steps .005 / .0510098990, .002 / .0566864445
    ['fedadam', 1.0980201959, 1.1333020073],
  ])('%s', (kind, first, second) => {
    const spec = specs.find((candidate) => candidate.kind === kind)
    if (spec === undefined) throw new Error(kind)
    const { after } = run(spec, [1], [[0.5], [-0.25]])
    expect(after[0]?.[0]).toBeCloseTo(first, 6)
    expect(after[1]?.[0]).toBeCloseTo(second, 6)
  })
})

test('many steps agree with the algorithm written out coordinate by coordinate', () => {
  const deltas = fc.array(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 12,
  })
  const adaptive = fc.constantFrom(...specs.slice(2))
  fc.assert(
    fc.property(adaptive, deltas, (spec, rounds) => {
      const { after } = run(spec, [0, 1, -1], rounds)
      for (const coordinate of [0, 1, 2]) {
        let x = Math.fround([0, 1, -1][coordinate] ?? 0)
        let m = 0
        let v = 0.001 ** 2
        for (const [t, round] of rounds.entries()) {
          const g = round[coordinate] ?? 0
          m = 0.9 * m + (1 - 0.9) * g
          if (spec.kind === 'fedadagrad') v = v + g ** 2
          else if (spec.kind === 'fedadam') v = 0.99 * v + (1 - 0.99) * g ** 2
          else v = v > g ** 2 ? v - (1 - 0.99) * g ** 2 : v < g ** 2 ? v + (1 - 0.99) * g ** 2 : v
          x = Math.fround(x + (0.1 * m) / (Math.sqrt(v) + 0.001))
          expect(after[t]?.[coordinate]).toBeCloseTo(x, 5)
        }
      }
    }),
  )
})

test('parameters that are not trained by gradient are averaged under every strategy', () => {
  for (const spec of specs) {
    const { after, state } = run(spec, [1, 1, 1], [[0.5, 0.5, -0.75]], 2)
    expect(after[0]?.[2]).toBe(0.25)
    expect(state.first).toHaveLength(spec.kind === 'fedavg' || spec.kind === 'fedprox' ? 0 : 2)
  }
})

test('a state that was stored and restored goes on as if it never stopped', () => {
  for (const spec of specs) {
    const whole = run(
      spec,
      [1, 2],
      [
        [0.5, -0.1],
        [0.25, 0.3],
        [-1, 0],
      ],
    )
    const half = run(
      spec,
      [1, 2],
      [
        [0.5, -0.1],
        [0.25, 0.3],
      ],
    )
    const restored = structuredClone(half.state)
    const parameters = Float32Array.from(half.after[1] ?? [])
    const next = createStrategy(spec).step(restored, parameters, Float64Array.of(-1, 0))
    expect([...next.parameters]).toEqual(whole.after[2])
    expect(next.state).toEqual(whole.state)
    expect(next.state.steps).toBe(3)
    expect([...parameters]).toEqual(half.after[1])
  }
})

describe('refusals', () => {
  test.each([
    { ...settings, learningRate: 0 },
    { ...settings, learningRate: Number.POSITIVE_INFINITY },
    { ...settings, beta1: 1 },
    { ...settings, beta1: -0.1 },
    { ...settings, beta2: 1 },
    { ...settings, beta2: Number.NaN },
    { ...settings, tau: 0 },
  ])('settings %j', (bad) => {
    for (const kind of ['fedadam', 'fedyogi'] as const) {
      expect(refusal(() => createStrategy({ kind, ...bad }))).toBe('LEARNING_STRATEGY_INVALID')
    }
  })

  test('lengths', () => {
    for (const spec of specs) {
      const strategy = createStrategy(spec)
      const step = (parameters: number, delta: number) => () =>
        strategy.step(strategy.start(2), new Float32Array(parameters), new Float64Array(delta))
      expect(refusal(step(3, 2))).toBe('LEARNING_SHAPE')
      expect(refusal(step(2, 1))).toBe('LEARNING_SHAPE')
      expect(refusal(() => strategy.start(2, 3))).toBe('LEARNING_SHAPE')
    }
    const [fedavg, adam] = [createStrategy({ kind: 'fedavg' }), createStrategy({ kind: 'fedadam', ...settings })]
    const foreign = () => adam.step(fedavg.start(2), new Float32Array(2), new Float64Array(2))
    expect(refusal(foreign)).toBe('LEARNING_SHAPE')
  })

  test('a step beyond float32 names the parameter', () => {
    const strategy = createStrategy({ kind: 'fedavg' })
    const step = () => strategy.step(strategy.start(2), Float32Array.of(0, 3e38), Float64Array.of(0, 3e38))
    expect(refusal(step)).toBe('LEARNING_STEP_NOT_FINITE')
    expect(step).toThrow('parameter 1')
  })
})

describe('scaffold and fedbuff', () => {
  test('scaffold steps model and control: x += eta g_x, c += |S| / N g_c', () => {
    const strategy = createStrategy({ kind: 'scaffold', learningRate: 0.5 })
    const start = strategy.start(2, 2)
    expect([...start.control]).toEqual([0, 0])
    const one = strategy.step(start, Float32Array.of(1, 2), Float64Array.of(4, -2, 8, 16), 3 / 4)
    expect([...one.parameters]).toEqual([3, 1])
    expect([...one.state.control]).toEqual([6, 12])
    const two = strategy.step(one.state, one.parameters, Float64Array.of(0, 0, -4, 4), 1)
    expect([...two.state.control]).toEqual([2, 16])
  })

  test('what no party trains by gradient is averaged fully, whatever the learning rate', () => {
    for (const spec of [
      { kind: 'scaffold', learningRate: 0.5 },
      { kind: 'fedbuff', buffer: 2, maximumStaleness: 1, learningRate: 0.5 },
    ] as const) {
      const strategy = createStrategy(spec)
      const delta = Float64Array.of(1, 1, ...(spec.kind === 'scaffold' ? [0, 0] : []))
      expect([...strategy.step(strategy.start(2, 1), Float32Array.of(0, 0), delta).parameters]).toEqual([0.5, 1])
    }
  })

  test('scaffold takes twice as many deltas as parameters', () => {
    const strategy = createStrategy({ kind: 'scaffold', learningRate: 1 })
    const step = () => strategy.step(strategy.start(2), Float32Array.of(0, 0), Float64Array.of(1, 1))
    expect(refusal(step)).toBe('LEARNING_SHAPE')
    expect(refusal(() => createStrategy({ kind: 'scaffold', learningRate: 0 }))).toBe('LEARNING_STRATEGY_INVALID')
  })

  test('a late update weighs 1 / sqrt(1 + staleness) under fedbuff, fully elsewhere', () => {
    const fedbuff = { kind: 'fedbuff', buffer: 2, maximumStaleness: 10, learningRate: 1 } as const
    expect([0, 3, 8].map((staleness) => stalenessWeight(fedbuff, staleness))).toEqual([1, 0.5, 1 / 3])
    expect(stalenessWeight({ kind: 'fedavg' }, 1)).toBe(1)
  })
})
