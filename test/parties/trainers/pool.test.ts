/** The pool: shared threads give what a thread of one's own gives, and end with the last trainer that uses them. */
import { expect, test, vi } from 'vitest'
import { planModel } from '../../../src/learning/index.ts'
import { createTrainer, createTrainerPool, TrainerError } from '../../../parties/index.ts'
import type { Trainer, TrainerOptions } from '../../../parties/index.ts'

vi.setConfig({ testTimeout: 60_000 })

const task = { kind: 'binary-classification' } as const
const plan = planModel({ kind: 'logistic' }, task, 2)
const options: TrainerOptions = { plan, task, backend: 'cpu' }

const inputOf = (seed: string, { signal }: AbortController = new AbortController()) => ({
  parameters: new Float32Array(plan.size),
  features: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
  labels: Float32Array.from({ length: 20 }, (_, i) => i % 2),
  rows: 20,
  training: { epochs: 2, batch: 4, learningRate: 0.1, optimizer: 'adam', l2: 0 } as const,
  mu: 0,
  seed,
  signal,
})

test('many trainers on few threads give the bytes that each would give alone', async () => {
  await using alone = await createTrainer(options)
  await using pool = createTrainerPool(2)
  const trainers = await Promise.all(Array.from({ length: 8 }, () => pool.open(options)))
  const shared = await Promise.all(trainers.map((trainer, i) => trainer.train(inputOf(`party ${i}`))))
  for (const [i, trained] of shared.entries()) {
    expect(trained).toEqual(await alone.train(inputOf(`party ${i}`)))
  }
  const { parameters, features, labels, rows, signal } = inputOf('')
  const rowsToJudge = { parameters, features, labels, rows, signal }
  expect(await trainers[3]?.evaluate(rowsToJudge)).toEqual(await alone.evaluate(rowsToJudge))
  expect(await trainers[4]?.predict(rowsToJudge)).toEqual(await alone.predict(rowsToJudge))
})

test('threads live as long as somebody uses them, and a trainer is left once', async () => {
  await using pool = createTrainerPool(1)
  const [first, second]: readonly Trainer[] = await Promise.all([pool.open(options), pool.open(options)])
  if (!first || !second) throw new Error('two were opened')
  await first[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  await expect(second.train(inputOf('x'))).resolves.toMatchObject({ loss: expect.any(Number) })
  await second[Symbol.asyncDispose]()
  // Its thread has ended; whoever comes now gets a new one.
  const third = await pool.open(options)
  await expect(third.train(inputOf('x'))).resolves.toMatchObject({ loss: expect.any(Number) })
})

test('an aborted call rejects while others go on; a closed pool fails what is open', async () => {
  const pool = createTrainerPool(1)
  const trainer = await pool.open(options)
  const stopping = new AbortController()
  stopping.abort(new Error('the round is over'))
  const calls = Array.from({ length: 6 }, (_, i) => trainer.train(inputOf(`${i}`, i === 3 ? stopping : undefined)))
  const settled = await Promise.allSettled(calls)
  expect(settled.map(({ status }) => status)).toEqual(calls.map((_, i) => (i === 3 ? 'rejected' : 'fulfilled')))
  await pool[Symbol.asyncDispose]()
  const failing = trainer.predict(inputOf('x'))
  await expect(failing).rejects.toBeInstanceOf(TrainerError)
  await expect(failing).rejects.toMatchObject({ code: 'TRAINER_CLOSED' })
})

test('a backend that cannot be had is refused to each who asks', async () => {
  await using pool = createTrainerPool(2)
  const convolution = { ...options, plan: { ...plan, kernels: 'convolution' }, backend: 'wasm' } as const
  for (const opening of [pool.open(convolution), pool.open(convolution)]) {
    await expect(opening).rejects.toMatchObject({ name: 'TrainerError', code: 'TRAINER_BACKEND' })
  }
})
