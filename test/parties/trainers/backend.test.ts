import { describe, expect, it } from 'vitest'
import { type BackendName, chooseBackend } from '../../../parties/trainers/backend.ts'
import { TrainerError } from '../../../parties/trainers/index.ts'

/** A machine on which these backends do not start, with these reasons. */
function machine(broken: Partial<Record<BackendName, string>>) {
  const started: BackendName[] = []
  const start = async (name: BackendName) => {
    started.push(name)
    if (broken[name] !== undefined) throw new Error(broken[name])
  }
  return { started, start }
}

const absent = { node: 'tfjs-node is not installed' }

describe('choosing a backend', () => {
  it('takes tfjs-node where it is installed', async () => {
    const { start } = machine({})
    const backend = await chooseBackend(undefined, 'dense', start)
    expect(backend).toEqual({
      name: 'node',
      why: 'trains with the TensorFlow library (tfjs-node), which is installed',
    })
  })

  it('takes wasm otherwise, and says why', async () => {
    const { start, started } = machine(absent)
    const backend = await chooseBackend(undefined, 'dense', start)
    expect(backend.name).toBe('wasm')
    expect(backend.why).toBe('trains with TensorFlow.js on WebAssembly, because tfjs-node is not installed')
    expect(started).toEqual(['node', 'wasm'])
  })

  it('takes cpu for convolutions, without trying wasm', async () => {
    const { start, started } = machine(absent)
    const backend = await chooseBackend(undefined, 'convolution', start)
    expect(backend.name).toBe('cpu')
    expect(backend.why).toMatch(/because tfjs-node is not installed and WebAssembly has no gradients of convolutions$/)
    expect(started).toEqual(['node', 'cpu'])
  })

  it('takes what was asked for', async () => {
    const { start, started } = machine({})
    expect(await chooseBackend('cpu', 'dense', start)).toEqual({
      name: 'cpu',
      why: expect.stringMatching(/as configured$/),
    })
    expect(started).toEqual(['cpu'])
  })

  it.each([
    ['node', 'dense', /the backend node was asked for, but tfjs-node is not installed/],
    ['wasm', 'convolution', /the backend wasm was asked for, but WebAssembly has no gradients of convolutions/],
  ] as const)('refuses %s for %s instead of taking another', async (requested, kernels, message) => {
    const refused = await chooseBackend(requested, kernels, machine(absent).start).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TrainerError)
    expect(refused).toMatchObject({ code: 'TRAINER_BACKEND', message: expect.stringMatching(message) })
  })

  it('says everything that stands in the way when nothing works', async () => {
    const { start } = machine({ ...absent, wasm: 'the wasm file is gone', cpu: 'no luck' })
    await expect(chooseBackend(undefined, 'dense', start)).rejects.toMatchObject({
      code: 'TRAINER_BACKEND',
      message: 'no training backend works, but tfjs-node is not installed, and the wasm file is gone, and no luck',
    })
  })
})
