import { describe, expect, it } from 'vitest'
import { addPenalties, createOptimizer } from '../../../parties/trainers/optimizer.ts'

describe('optimisers', () => {
  it('sgd goes against the gradient', () => {
    const parameters = Float32Array.of(1, 2)
    createOptimizer('sgd', 0.5, 2).step(parameters, Float32Array.of(2, -4))
    expect(Array.from(parameters)).toEqual([0, 4])
  })

  it('the first steps of adam are as long as the learning rate, whatever the gradient', () => {
    const parameters = Float32Array.of(0, 0, 0)
    const adam = createOptimizer('adam', 0.1, 3)
    adam.step(parameters, Float32Array.of(100, -0.01, 0))
    expect(Array.from(parameters)).toEqual([expect.closeTo(-0.1, 4), expect.closeTo(0.1, 3), 0])
    adam.step(parameters, Float32Array.of(100, -0.01, 0))
    expect(parameters[0]).toBeCloseTo(-0.2, 4)
  })
})

describe('penalties', () => {
  const shapes = [{ shape: [2, 1] }, { shape: [1] }]
  const parameters = Float32Array.of(3, -1, 5)
  const anchor = Float32Array.of(1, -1, 4)

  it('l2 shrinks kernels and leaves biases', () => {
    const gradient = new Float32Array(3)
    addPenalties(gradient, parameters, shapes, { l2: 0.5, mu: 0, anchor })
    expect(Array.from(gradient)).toEqual([3, -1, 0])
  })

  it('the proximal term pulls every parameter to the common model', () => {
    const gradient = Float32Array.of(1, 1, 1)
    addPenalties(gradient, parameters, shapes, { l2: 0, mu: 2, anchor })
    expect(Array.from(gradient)).toEqual([5, 1, 3])
  })
})
