/** What is kept between rounds: one form, a bit-identical continuation, and refusal of everything else. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineCore } from '../../src/aggregator/engine/core.ts'
import { AggregatorError } from '../../src/aggregator/errors.ts'
import { createCore, engineSpec, factsOf, statistics, trained } from './engine-bench.ts'
import { createMemorySpool } from './memory-spool.ts'

type Changes = Record<string, unknown>
const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e'] as const

const configurations: readonly (readonly [string, Changes])[] = [
  ['fedavg', {}],
  ['fedadam', { strategy: { kind: 'fedadam' } }],
  ['fedyogi', { strategy: { kind: 'fedyogi' } }],
  ['fedadagrad', { strategy: { kind: 'fedadagrad' } }],
  ['scaffold', { strategy: { kind: 'scaffold', learningRate: 0.7 } }],
  ['fedbuff', { strategy: { kind: 'fedbuff', buffer: 5, maximumStaleness: 3, learningRate: 1 } }],
  ['centred clipping', { robust: { kind: 'centred-clipping', radius: 0.3, iterations: 2 } }],
  ['Krum', { robust: { kind: 'krum', byzantine: 1 }, compression: { kind: 'int8' } }],
  ['privacy', { privacy: { clip: { kind: 'fixed', bound: 1 }, noiseMultiplier: 2, delta: 1e-5, budget: 100 } }],
  [
    'adaptive privacy',
    { privacy: { clip: { kind: 'adaptive' }, noiseMultiplier: 2, delta: 1e-5, budget: 100, metrics: 'exact' } },
  ],
]

/** Noise that is the same however often it was drawn before: a run and its continuation meet the same. */
const coreOf = (changes: Changes, restore?: Uint8Array): EngineCore => {
  const random = (bytes: number) => new Uint8Array(bytes).fill(90)
  return new EngineCore(engineSpec(changes), { random, createSpool: createMemorySpool, now: () => 0 }, restore)
}

function play(core: EngineCore, changes: Changes, round: number, values: readonly number[]): void {
  const spec = engineSpec(changes)
  core.open({ round, task: round === 0 ? 'statistics' : 'train' })
  for (const [i, party] of parties.entries()) {
    const facts = factsOf(party, {
      rows: 1 + i,
      staleness: round > 1 && i === 4 && 'strategy' in changes && Object(changes.strategy).kind === 'fedbuff' ? 1 : 0,
    })
    const size = Object(changes.strategy).kind === 'scaffold' ? 6 : 3
    const deltas = Array.from({ length: size }, (_, at) => (values[(i + at) % values.length] ?? 0) / (1 + round))
    const rows = Array.from({ length: 1 + i }, () => [5 + i, 1] as const)
    core.add(round === 0 ? statistics(spec, rows, facts) : trained(spec, deltas, facts), facts)
  }
  core.close()
}

describe.each(configurations)('%s', (_name, changes) => {
  test('goes on from the state of every round as if it had never stopped, bit for bit', () => {
    const value = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(fc.array(value, { minLength: 3, maxLength: 7 }), (values) => {
        const states: Uint8Array[] = []
        const whole = coreOf(changes)
        for (let round = 0; round < 4; round += 1) {
          states.push(whole.standing.state)
          play(whole, changes, round, values)
        }
        states.forEach((state, from) => {
          const core = coreOf(changes, state)
          expect(core.standing.state).toEqual(state)
          for (let round = from; round < 4; round += 1) play(core, changes, round, values)
          expect(core.standing).toEqual(whole.standing)
        })
      }),
      { numRuns: 3 },
    )
  })
})

test('a state may come in a Node buffer, at any place of it', () => {
  const { state, stateDigest } = createCore().standing
  const moved = Buffer.concat([Buffer.alloc(3), state]).subarray(3)
  expect(createCore({}, moved).standing.stateDigest).toEqual(stateDigest)
})

describe('bytes that are no state of the job', () => {
  const good = () => {
    const core = coreOf({ strategy: { kind: 'fedadam' } })
    play(core, { strategy: { kind: 'fedadam' } }, 1, [1, 2, 3])
    return core.standing.state.slice()
  }
  const restore = (state: Uint8Array) => () => createCore({ strategy: { kind: 'fedadam' } }, state)
  const withHeader = (change: (text: string) => string) => {
    const state = good()
    const end = state.length - 12
    const length = new DataView(state.buffer).getUint32(end, true)
    const text = Buffer.from(change(Buffer.from(state.subarray(end - length, end)).toString('utf8')))
    const counted = Buffer.alloc(4)
    counted.writeUInt32LE(text.length)
    return new Uint8Array(Buffer.concat([state.subarray(0, end - length), text, counted, state.subarray(end + 4)]))
  }

  test.each<[string, () => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['another end', () => good().fill(0, -1)],
    ['a header longer than everything', () => good().fill(255, -12, -8)],
    ['a byte less', () => good().subarray(0, -1)],
    ['four bytes more', () => new Uint8Array([0, 0, 0, 0, ...good()])],
    ['a header that is no JSON', () => withHeader((text) => text.slice(1))],
    ['a header that is a list', () => withHeader(() => '[]')],
    ['a header without a round', () => withHeader((text) => text.replace('"round":1', '"other":1'))],
    ['a round that is text', () => withHeader((text) => text.replace('"round":1', '"round":"1"'))],
    ['a header with a space', () => withHeader((text) => text.replace('"round":1', '"round": 1'))],
    ['other inputs', () => withHeader((text) => text.replace('"mean":[', '"mean":[7,'))],
    ['the state of another strategy', () => createCore().standing.state],
  ])('%s', (_name, bytes) => {
    restore(good())()
    expect(restore(bytes())).toThrow(AggregatorError)
    expect(restore(bytes())).toThrow(expect.objectContaining({ code: 'AGGREGATION_STATE_INVALID' }))
  })
})
