import { expect, it } from 'vitest'
import { TrainerError } from '../../../parties/trainers/index.ts'
import { startThread } from '../../../parties/trainers/thread.ts'
import { binary, logistic, planFor } from './samples.ts'

const plan = planFor(logistic, binary, 1)
const work = {
  kind: 'predict',
  input: { parameters: new Float32Array(2), features: new Float32Array(1), rows: 1 },
} as const
const setup = { plan, task: binary, backend: undefined }

it('tells every open and every later call when the thread ends by itself', async () => {
  const thread = await startThread(setup, new URL('./dying-worker.mjs', import.meta.url))
  const { signal } = new AbortController()
  const open = await Promise.allSettled([thread.run(work, signal), thread.run(work, signal)])
  const later = await Promise.allSettled([thread.run(work, signal)])
  for (const call of [...open, ...later]) {
    const reason: unknown = call.status === 'rejected' ? call.reason : undefined
    expect(reason).toBeInstanceOf(TrainerError)
    expect(reason).toMatchObject({ code: 'TRAINER_FAILED', message: expect.stringMatching(/exit code 3/) })
  }
  await thread.close()
})

it('says so when the thread cannot be loaded', async () => {
  const error = await startThread(setup, new URL('./no-such-worker.mjs', import.meta.url)).catch(
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(TrainerError)
  expect(error).toMatchObject({ code: 'TRAINER_FAILED', message: expect.stringMatching(/no-such-worker/) })
})
