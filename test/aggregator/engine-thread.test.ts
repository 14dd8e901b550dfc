/** The engine in its thread: the same answers as without, errors with their class, and an end that reaches everybody. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createEngine } from '../../src/aggregator/engine/index.ts'
import { AggregatorError } from '../../src/aggregator/errors.ts'
import { LearningError } from '../../src/learning/index.ts'
import { RoundError } from '../../src/round/index.ts'
import { UpdateError } from '../../src/update/index.ts'
import { createCore, engineSpec, factsOf, playRound, trained } from './engine-bench.ts'

const spec = engineSpec()

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

describe('an engine in its thread', () => {
  test('does what the core does, in shared memory, and goes on from a state', async () => {
    const deltas = { 'bank-a': [1, 2, 3], 'bank-b': [0, -1, 0.5] }
    const core = createCore()
    await using engine = await createEngine({ spec })
    expect(engine.stateDigest).toEqual(core.standing.stateDigest)
    expect(engine.updateBytes('train')).toBe(core.updateBytes('train'))
    expect(engine.exhausted('train')).toBeUndefined()
    const play = async (on: typeof engine, round: number) => {
      await on.open({ round, task: 'train' })
      const adding = Object.entries(deltas).map(([party, values]) =>
        on.add(shared(trained(spec, values, factsOf(party))), factsOf(party)),
      )
      await Promise.all(adding)
      return on.close()
    }
    const result = await play(engine, 1)
    expect({ ...result, sumMs: 0, stepMs: 0 }).toEqual(playRound(core, spec, 1, deltas).result)
    expect(engine.model).toEqual(result.model)
    expect(engine.state).toEqual(result.state)
    for (const { buffer } of [engine.state, engine.model.bytes]) expect(buffer).toBeInstanceOf(SharedArrayBuffer)
    await using resumed = await createEngine({ spec, restore: engine.state })
    expect(resumed.stateDigest).toEqual(engine.stateDigest)
    expect((await play(resumed, 2)).stateDigest).toEqual(playRound(core, spec, 2, deltas).result.stateDigest)
  })

  test('refuses with the class and code of the core, and lives on', async () => {
    await using engine = await createEngine({ spec })
    const update = shared(trained(spec, [1, 1, 1], factsOf('bank-a')))
    const refused = async (action: Promise<unknown>, kind: new (...some: never[]) => Error, code: string) => {
      await expect(action).rejects.toBeInstanceOf(kind)
      await expect(action).rejects.toMatchObject({ code })
    }
    await refused(engine.add(update, factsOf('bank-a')), AggregatorError, 'AGGREGATION_ENGINE_ORDER')
    await refused(engine.close(), AggregatorError, 'AGGREGATION_ENGINE_ORDER')
    await engine.open({ round: 1, task: 'train' })
    await refused(engine.open({ round: 2, task: 'train' }), AggregatorError, 'AGGREGATION_ENGINE_ORDER')
    await refused(engine.add(shared(new Uint8Array(4)), factsOf('bank-a')), UpdateError, 'UPDATE_LENGTH')
    await refused(engine.add(update, factsOf('bank-a', { staleness: 1 })), LearningError, 'LEARNING_UPDATE_STALE')
    await engine.add(update, factsOf('bank-a'))
    await refused(engine.close(), RoundError, 'ROUND_BELOW_MINIMUM')
    await engine.discard()
    await engine.discard()
    await engine.open({ round: 1, task: 'train' })
  })

  test('does not start for a state of another job, or a job that cannot be run', async () => {
    const other = createCore({ strategy: { kind: 'fedadam' } }).standing.state
    const error = await createEngine({ spec, restore: other }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AggregatorError)
    expect(error).toMatchObject({ code: 'AGGREGATION_STATE_INVALID' })
    const bound = engineSpec({ rounds: { count: 9, quorum: 5 }, robust: { kind: 'trimmed-mean', trim: 0.4 } })
    const bad = { ...bound, robust: { kind: 'trimmed-mean', trim: 0.5 } as const }
    await expect(createEngine({ spec: bad })).rejects.toMatchObject({ code: 'LEARNING_ROBUST_INVALID' })
  })

  test('after its end every call is refused, and closing twice does no harm', async () => {
    const engine = await createEngine({ spec })
    const open = engine.open({ round: 1, task: 'train' })
    await Promise.all([engine[Symbol.asyncDispose](), expect(open).rejects.toBeInstanceOf(AggregatorError)])
    await engine[Symbol.asyncDispose]()
    await expect(engine.close()).rejects.toMatchObject({ code: 'AGGREGATION_ENGINE_CLOSED' })
  })

  test.each([
    ['by itself', 'process.exit(3)', 'ended by itself with exit code 3'],
    ['with an error', "throw new Error('out of memory')", 'out of memory'],
  ])('a thread that ends %s while it works refuses every call with a code', async (_name, end, text) => {
    const directory = await mkdtemp(join(tmpdir(), 'coffer-engine-'))
    const file = join(directory, 'thread.mjs')
    const started = { kind: 'started', standing: {}, bytes: {} }
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads'
       parentPort.on('message', () => { ${end} })
       parentPort.postMessage(${JSON.stringify(started)})`,
    )
    const engine = await createEngine({ spec }, pathToFileURL(file))
    const calls = [engine.open({ round: 1, task: 'train' }), engine.discard()]
    for (const call of calls) {
      await expect(call).rejects.toBeInstanceOf(AggregatorError)
      await expect(call).rejects.toMatchObject({ code: 'AGGREGATION_ENGINE', message: expect.stringContaining(text) })
    }
    await expect(engine.close()).rejects.toMatchObject({ code: 'AGGREGATION_ENGINE' })
    await rm(directory, { recursive: true })
  })

  test('a thread that does not start is an error with a code', async () => {
    const missing = createEngine({ spec }, new URL('file:///no/such/thread.mjs'))
    await expect(missing).rejects.toMatchObject({ code: 'AGGREGATION_ENGINE' })
  })
})
