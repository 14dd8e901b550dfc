import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createTrainer,
  shared,
  type Trainer,
  TrainerError,
  type TrainerOptions,
} from '../../../parties/trainers/index.ts'
import { initialParameters } from '../../../src/learning/index.ts'
import { binary, convolution, logistic, mlp, planFor, sample, training } from './samples.ts'

vi.setConfig({ testTimeout: 30_000 })

const inputs = 4
const open: Trainer[] = []
afterAll(async () => {
  await Promise.all(open.map((trainer) => trainer[Symbol.asyncDispose]()))
})

async function start(options: TrainerOptions): Promise<Trainer> {
  const trainer = await createTrainer(options)
  open.push(trainer)
  return trainer
}

const plan = planFor(mlp(0.3), binary, inputs)
const rows = sample(binary, 300, inputs)
const input = {
  parameters: initialParameters(plan, 1),
  features: shared(rows.features),
  labels: rows.labels,
  rows: rows.rows,
  training,
  mu: 0,
  seed: 'seed',
  signal: new AbortController().signal,
}
const forEver = { ...input, training: { ...training, epochs: 1e9 } }

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe.each(['wasm', 'cpu'] as const)('a trainer on %s', (backend) => {
  it('gives the same bytes in two fresh threads, dropout included, from shared memory or not', async () => {
    const [first, second] = await Promise.all([
      start({ plan, task: binary, backend }),
      start({ plan, task: binary, backend }),
    ])
    const one = await first.train(input)
    const two = await second.train({ ...input, features: rows.features })
    expect(two).toEqual(one)
    expect(one.parameters).toHaveLength(plan.size)
    expect(one.parameters).not.toEqual(input.parameters)
    // A thread that has worked before gives them too: nothing passes from call to call.
    expect(await first.train(input)).toEqual(one)
    const again = await first.predict({ ...input, parameters: one.parameters })
    expect(again).toHaveLength(rows.rows)
    expect(await second.predict({ ...input, parameters: one.parameters })).toEqual(again)
  })
})

describe('a trainer', () => {
  // One thread for many tests: none of them may harm the next.
  let trainer: Trainer
  beforeAll(async () => {
    trainer = await start({ plan, task: binary, backend: 'cpu' })
  })

  it('chooses a backend and says why', async () => {
    const { backend } = await start({ plan, task: binary })
    expect(['node', 'wasm']).toContain(backend.name)
    expect(backend.why).toMatch(/^trains with TensorFlow/)
  })

  it('trains convolutions, on another backend than wasm', async () => {
    const model = planFor(convolution(inputs), binary, inputs)
    const convolving = await start({ plan: model, task: binary })
    const { name, why } = convolving.backend
    expect(why).toMatch(name === 'node' ? /installed/ : /no gradients of convolutions/)
    const { loss } = await convolving.train({
      ...input,
      parameters: initialParameters(model, 1),
      features: rows.features,
    })
    expect(loss).toBeLessThan(0.7)
    const asked = await failure(createTrainer({ plan: model, task: binary, backend: 'wasm' }))
    expect(asked).toBeInstanceOf(TrainerError)
    expect(asked).toMatchObject({ code: 'TRAINER_BACKEND' })
  })

  it('leaves the event loop free, tells progress, and stops when the signal aborts', async () => {
    const leaving = new AbortController()
    const reason = new Error('leaving')
    let shares = 0
    const progress = () => {
      shares += 1
      leaving.abort(reason)
    }
    const long = trainer.train({ ...input, training: { ...training, epochs: 100 }, signal: leaving.signal, progress })
    expect(await failure(long)).toBe(reason)
    expect(shares).toBeGreaterThan(0)
    expect(await failure(trainer.predict({ ...input, signal: leaving.signal }))).toBe(reason)
    // The thread is there for the next call.
    expect(await trainer.predict(input)).toHaveLength(rows.rows)
  })

  it('says what diverged', async () => {
    const wild = { ...input, training: { ...training, optimizer: 'sgd' as const, learningRate: 1e39 } }
    const error = await failure(trainer.train(wild))
    expect(error).toBeInstanceOf(TrainerError)
    expect(error).toMatchObject({ code: 'TRAINER_DIVERGED' })
  })

  it('refuses arrays of other lengths', async () => {
    const wrong = [
      { ...input, parameters: new Float32Array(3) },
      { ...input, rows: 299 },
      { ...input, labels: new Float32Array(299) },
      { ...input, rows: 0, features: new Float32Array(0), labels: new Float32Array(0) },
    ]
    for (const one of wrong) {
      const error = await failure(trainer.train(one))
      expect(error).toBeInstanceOf(TrainerError)
      expect(error).toMatchObject({ code: 'TRAINER_INPUT' })
    }
  })

  it('ends open calls when it is closed, and refuses later ones', async () => {
    const cut = failure(trainer.train(forEver))
    await Promise.all([trainer[Symbol.asyncDispose](), trainer[Symbol.asyncDispose]()])
    for (const error of [await cut, await failure(trainer.train(input))]) {
      expect(error).toBeInstanceOf(TrainerError)
      expect(error).toMatchObject({ code: 'TRAINER_CLOSED' })
    }
  })

  it('says so when its thread cannot make the model', async () => {
    const error = await failure(createTrainer({ plan: { ...plan, topology: {} }, task: binary, backend: 'cpu' }))
    expect(error).toBeInstanceOf(TrainerError)
    expect(error).toMatchObject({ code: 'TRAINER_FAILED' })
  })
})

it('starts under tsx from another folder, and keeps stdout clean', async () => {
  const trainers = new URL('../../../parties/trainers/index.ts', import.meta.url).href
  const script = `
    const { createTrainer } = await import(${JSON.stringify(trainers)})
    const trainer = await createTrainer(${JSON.stringify({ plan: planFor(logistic, binary, inputs), task: binary, backend: 'cpu' })})
    await trainer.predict({ parameters: new Float32Array(5), features: new Float32Array(4), rows: 1, signal: new AbortController().signal })
    await trainer[Symbol.asyncDispose]()`
  const tsx = import.meta.resolve('tsx')
  const args = ['--import', tsx, '--input-type=module', '--eval', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: fileURLToPath(new URL('/', import.meta.url)),
  })
  expect(stdout).toBe('')
  expect(stderr).toBe('')
})
