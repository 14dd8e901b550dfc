/** Every rule of a job through the engine: what enters the sum, with which weight, and what comes out. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UpdateFacts } from '../../src/aggregator/engine/index.ts'
import { RoundError } from '../../src/round/index.ts'
import { UpdateError, updateBytes } from '../../src/update/index.ts'
import { createCore, engineSpec, factsOf, layoutOf, parametersOf, playRound, trained } from './engine-bench.ts'

type Changes = Record<string, unknown>
type Sent = readonly (readonly [string, readonly number[], Partial<UpdateFacts>?])[]

/** How one training round moves the parameters, and what it says. */
function roundOf(changes: Changes, sent: Sent) {
  const spec = engineSpec(changes)
  const core = createCore(changes)
  const before = parametersOf(core)
  core.open({ round: 1, task: 'train' })
  for (const [party, deltas, facts] of sent) {
    core.add(trained(spec, deltas, factsOf(party, facts)), factsOf(party, facts))
  }
  const result = core.close()
  return { core, result, moved: parametersOf(core).map((value, i) => value - (before[i] ?? Number.NaN)) }
}

function near(found: readonly number[], expected: readonly number[], digits = 5): void {
  expect(found).toHaveLength(expected.length)
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, digits)
}

const five = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e'] as const

describe('robust rules', () => {
  test('norm-bound scales an update down to the bound and keeps the weights', () => {
    const robust = { kind: 'norm-bound', bound: 5 }
    const { moved } = roundOf({ robust }, [
      ['bank-a', [6, 8, 0], { rows: 300 }],
      ['bank-b', [0, 0, 1], { rows: 100 }],
    ])
    near(moved, [(3 * 3) / 4, (3 * 4) / 4, 1 / 4])
  })

  test.each<[string, Changes, number]>([
    ['median', { kind: 'median' }, 3.5],
    ['trimmed mean', { kind: 'trimmed-mean', trim: 0.2 }, 3.5],
    ['Krum', { kind: 'krum', byzantine: 1 }, 2],
    ['multi-Krum', { kind: 'multi-krum', byzantine: 1, selected: 2 }, 2.75],
    ['centred clipping', { kind: 'centred-clipping', radius: 2, iterations: 1 }, (1 + 4 * 2) / 5],
  ])('%s gives each party one vote, whatever its rows', (_name, robust, expected) => {
    // Krum: two nearest each. 1: 1 + 6.25, 2: 1 + 2.25, 3.5: 2.25 + 2.25, 5: 2.25 + 9, 15: far.
    const values = [1, 2, 3.5, 5, 15]
    const sent = five.map(
      (party, i) => [party, [values[i] ?? 0, 0, 0], { rows: 1 + 100 * i, weightUnit: 2100 }] as const,
    )
    near(roundOf({ robust }, sent).moved, [expected, 0, 0])
    near(roundOf({ robust }, [...sent].reverse()).moved, [expected, 0, 0])
  })

  test('centred clipping begins at the aggregate of the round before', () => {
    const changes = { robust: { kind: 'centred-clipping', radius: 2, iterations: 1 } }
    const core = createCore(changes)
    const all = Object.fromEntries(five.map((party) => [party, [10, 0, 0]]))
    const moves = [1, 2, 3].map((round) => playRound(core, engineSpec(changes), round, all).moved[0])
    near(moves.map(Number), [2, 4, 6])
  })

  test('metrics are those of all parties, and the updates too few for Krum end the round alone', () => {
    const changes = { robust: { kind: 'krum', byzantine: 1 } }
    const { result } = roundOf(
      changes,
      five.map((party) => [party, [1, 1, 1]]),
    )
    expect(result).toMatchObject({ metrics: { mse: 0.25, mae: 0.5 }, trainingLoss: 2 })
    const core = createCore(changes)
    const few = Object.fromEntries(five.slice(0, 4).map((party) => [party, [1, 1, 1]]))
    const play = () => playRound(core, engineSpec(changes), 1, few)
    expect(play).toThrow(expect.objectContaining({ code: 'LEARNING_ROBUST_TOO_FEW' }))
    expect(core.standing.stateDigest).toEqual(createCore(changes).standing.stateDigest)
    core.open({ round: 1, task: 'train' })
  })
})

describe('late updates', () => {
  const late = { rounds: { count: 9, quorum: 5, late: 'keep' } }
  const fedbuff = { strategy: { kind: 'fedbuff', buffer: 5, maximumStaleness: 8, learningRate: 1 } }

  test('that are kept count fully, with their deltas alone', () => {
    const { moved, result } = roundOf(late, [
      ['bank-a', [4, 0, 0]],
      ['bank-b', [0, 4, 0], { staleness: 1 }],
    ])
    near(moved, [2, 2, 0])
    expect(result).toMatchObject({ metrics: { mse: 0.25 }, trainingLoss: 2 })
  })

  test('under fedbuff count 1 / sqrt(1 + staleness), divided by full weights', () => {
    const { moved } = roundOf(fedbuff, [
      ['bank-a', [4, 0, 0]],
      ['bank-b', [0, 4, 0], { staleness: 3 }],
      ['bank-c', [0, 0, 3], { staleness: 8 }],
    ])
    near(moved, [4 / 3, 2 / 3, 1 / 3])
  })

  test('keep the share they were scaled by where the weight unit has changed since, and no bit is lost', () => {
    // bank-b: 100 of 400 rows then; now 700 in all. Shares 1/7 and 1/4.
    const { moved } = roundOf(late, [
      ['bank-a', [11, 0, 0]],
      ['bank-b', [0, 11, 0], { staleness: 1, weightUnit: 400 }],
    ])
    near(moved, [4, 7, 0])
  })

  test('alone: the model moves and no metric is told', () => {
    const sent = five.map((party) => [party, [1, 2, 3], { staleness: 1 }] as const)
    const { moved, result } = roundOf(late, sent)
    near(moved, [1, 2, 3])
    expect(result).toMatchObject({ metrics: {}, trainingLoss: 0 })
  })

  test.each<[string, Changes, number]>([
    ['where the job drops them', {}, 1],
    ['two rounds late where one is kept', late, 2],
    ['beyond the maximum of fedbuff', fedbuff, 9],
  ])('are refused %s', (_name, changes, staleness) => {
    const add = () => roundOf(changes, [['bank-a', [1, 1, 1], { staleness }]])
    expect(add).toThrow(expect.objectContaining({ code: 'LEARNING_UPDATE_STALE' }))
  })
})

test('scaffold: control variates move by the part of the parties that took part', () => {
  const { moved, core, result } = roundOf({ strategy: { kind: 'scaffold', learningRate: 0.5 } }, [
    ['bank-a', [2, 0, 0, 7, 0, 14]],
    ['bank-b', [0, 4, 0, 7, 0, 0]],
  ])
  near(moved, [0.5, 1, 0])
  const { control } = result.model
  near([...new Float32Array(control?.bytes.slice().buffer ?? new ArrayBuffer(0))], [2, 0, 2])
  expect(core.standing.model.control).toEqual(control)
})

describe('compressed updates', () => {
  test.each([{ kind: 'int8' }, { kind: 'top-k', share: 0.5 }] as const)('$kind: length and sum', (compression) => {
    const spec = engineSpec({ compression })
    const { moved, core } = roundOf({ compression }, [
      ['bank-a', [1.27, 0.02, 0]],
      ['bank-b', [1.27, 0.02, 0]],
    ])
    expect(core.updateBytes('train')).toBe(updateBytes(layoutOf(spec, 'train'), compression))
    expect(core.updateBytes('evaluate')).toBe(updateBytes(layoutOf(spec, 'evaluate')))
    near(moved, [1.27, 0.02, 0], 1)
  })

  test('a robust rule sees what was decompressed', () => {
    const sent = five.map((party, i) => [party, [i, 0, 0]] as const)
    near(roundOf({ compression: { kind: 'int8' }, robust: { kind: 'median' } }, sent).moved, [2, 0, 0], 1)
  })
})

describe('two updates at once', () => {
  const incoming = (changes: Changes, party: string, facts: Partial<UpdateFacts> = {}) => {
    const all = factsOf(party, facts)
    return { update: trained(engineSpec(changes), [1, -2, 3], all), facts: all }
  }

  test('are what they are one after the other', () => {
    const core = createCore()
    core.open({ round: 1, task: 'train' })
    expect(core.addBoth([incoming({}, 'bank-a', { rows: 3 }), incoming({}, 'bank-b')])).toBe(true)
    const sent = [
      ['bank-a', [1, -2, 3], { rows: 3 }],
      ['bank-b', [1, -2, 3]],
    ] as const
    expect(core.close().stateDigest).toEqual(roundOf({}, sent).result.stateDigest)
  })

  test.each<[string, Changes, Partial<UpdateFacts>]>([
    ['late', { rounds: { count: 9, quorum: 5, late: 'keep' } }, { staleness: 1 }],
    ['of no rows', {}, { rows: 0 }],
    ['for the spool', { robust: { kind: 'median' } }, {}],
    ['to be clipped', { robust: { kind: 'norm-bound', bound: 1 } }, {}],
    ['compressed', { compression: { kind: 'int8' } }, {}],
    [
      'private',
      { privacy: { clip: { kind: 'fixed', bound: 1 }, noiseMultiplier: 1, delta: 1e-5, budget: 9, metrics: 'exact' } },
      {},
    ],
  ])('are left to `add` where one is %s', (_name, changes, facts) => {
    const core = createCore(changes)
    core.open({ round: 1, task: 'train' })
    const odd = { ...incoming(changes, 'bank-b'), facts: factsOf('bank-b', facts) }
    expect(core.addBoth([incoming(changes, 'bank-a'), odd])).toBe(false)
    expect(() => core.close()).toThrow(RoundError)
  })
})

describe('what is refused leaves the sum as it was', () => {
  const configurations: Changes[] = [
    {},
    { robust: { kind: 'median' } },
    { robust: { kind: 'norm-bound', bound: 1 } },
    { compression: { kind: 'int8' } },
    { compression: { kind: 'top-k', share: 0.5 }, robust: { kind: 'norm-bound', bound: 0.5 } },
    { strategy: { kind: 'fedbuff', buffer: 5, maximumStaleness: 3, learningRate: 1 } },
  ]
  test.each(configurations)('%j', (changes) => {
    const spec = engineSpec(changes)
    const honest = five.map((party, i) => [party, [i, -1, 0.5]] as const)
    const undisturbed = roundOf(changes, honest).result.stateDigest
    const hostile = fc.array(fc.record({ at: fc.nat(200), value: fc.nat(255) }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(hostile, fc.nat(5), (edits, when) => {
        const core = createCore(changes)
        core.open({ round: 1, task: 'train' })
        let counted = 0
        const attack = () => {
          const bytes = trained(spec, [1, 1, 1], factsOf('bank-f'))
          for (const { at, value } of edits) bytes[at % bytes.length] = value
          // A negative count: whatever else the bytes say, this update cannot count.
          bytes.set([255, 255, 255, 255], bytes.length - 28)
          try {
            core.add(bytes, factsOf('bank-f'))
            counted += 1
          } catch (error) {
            expect(error).toBeInstanceOf(UpdateError)
          }
        }
        honest.forEach(([party, deltas], i) => {
          if (i === when) attack()
          core.add(trained(spec, deltas, factsOf(party)), factsOf(party))
        })
        if (when >= honest.length) attack()
        expect(counted).toBe(0)
        expect(core.close().stateDigest).toEqual(undisturbed)
      }),
      { numRuns: 30 },
    )
  })

  test.each<[string, Partial<UpdateFacts>]>([
    ['no rows', { rows: 0 }],
    ['half a row', { rows: 0.5 }],
    ['more rows than the unit', { rows: 701 }],
    ['a unit that is no number', { weightUnit: Number.NaN }],
  ])('facts with %s', (_name, facts) => {
    const core = createCore()
    core.open({ round: 1, task: 'train' })
    const update = trained(engineSpec(), [1, 1, 1], factsOf('bank-a'))
    const add = () => core.add(update, factsOf('bank-a', facts))
    expect(add).toThrow(UpdateError)
    expect(add).toThrow(expect.objectContaining({ code: 'UPDATE_SHARE_INVALID' }))
  })

  test('statistics of rows that cannot exist', () => {
    const spec = engineSpec()
    const core = createCore()
    core.open({ round: 0, task: 'statistics' })
    const facts = factsOf('bank-a', { rows: 1 })
    const bytes = new Uint8Array(core.updateBytes('statistics'))
    new Int32Array(bytes.buffer).set([2])
    expect(() => core.add(bytes, facts)).toThrow(expect.objectContaining({ code: 'LEARNING_TOTALS_INVALID' }))
    expect(spec.data.features).toHaveLength(2)
  })
})

test('the same updates give the same state in any order', () => {
  const configurations: Changes[] = [
    { strategy: { kind: 'fedadam' } },
    { robust: { kind: 'median' } },
    { robust: { kind: 'multi-krum', byzantine: 1, selected: 2 } },
    { robust: { kind: 'centred-clipping', radius: 1, iterations: 3 } },
    { strategy: { kind: 'scaffold', learningRate: 1 } },
  ]
  const value = fc.double({ min: -3, max: 3, noNaN: true })
  const deltas = fc.array(fc.array(value, { minLength: 6, maxLength: 6 }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(...configurations), deltas, fc.nat(119), (changes, values, order) => {
      const size = Object(changes.strategy).kind === 'scaffold' ? 6 : 3
      const sent = five.map((party, i) => [party, (values[i] ?? []).slice(0, size), { rows: 1 + i }] as const)
      const shuffled = [...sent]
      let left = order
      for (let i = shuffled.length; i > 1; i -= 1) {
        shuffled.push(...shuffled.splice(left % i, 1))
        left = Math.floor(left / i)
      }
      expect(roundOf(changes, shuffled).result.stateDigest).toEqual(roundOf(changes, sent).result.stateDigest)
    }),
    { numRuns: 60 },
  )
})

test('a step that diverges leaves model and moments as they were', () => {
  const changes = { strategy: { kind: 'fedadam' } }
  const state = createCore(changes).standing.state.slice()
  // No update leaves the range of its encoding, so a parameter has to be beyond float32 before.
  new Float32Array(state.buffer, 0, 3).fill(Number.POSITIVE_INFINITY)
  const core = createCore(changes, state)
  const step = () => playRound(core, engineSpec(changes), 1, { 'bank-a': [1, 1, 1], 'bank-b': [1, 1, 1] })
  expect(step).toThrow(expect.objectContaining({ code: 'LEARNING_STEP_NOT_FINITE' }))
  expect(core.standing.state).toEqual(new Uint8Array(state))
  const statistics = (on: typeof core) => {
    on.open({ round: 0, task: 'statistics' })
    for (const party of ['bank-a', 'bank-b']) on.add(new Uint8Array(on.updateBytes('statistics')), factsOf(party))
    return on.close().stateDigest
  }
  expect(statistics(core)).toEqual(statistics(createCore(changes, state)))
})
