/**
 * Centred clipping: Karimireddy, He, Jaggi, "Learning from History for Byzantine Robust Optimization", ICML 2021 (arXiv
 * 2012.10333), section 4.2. From the centre v_0, the aggregate of the round before (zero at first), each iteration is
 *
 *   v_{l+1} = v_l + 1/n sum over i of (x_i - v_l) min(1, radius / |x_i - v_l|)
 *
 * One pass over the updates moves the centre block by block, and finds the distances to the moved centre on the way:
 * they are what the next iteration needs.
 */
import { eachBlock, type UpdateBlocks } from './blocks.ts'

/** `previous`: the aggregate of the round before; left as it is. */
export function centredClipping(
  blocks: UpdateBlocks,
  previous: Float64Array,
  radius: number,
  iterations: number,
): Float64Array {
  const { updates } = blocks
  const centre = previous.slice()
  let squares = new Float64Array(updates)
  eachBlock(blocks, (block, from, length) => addSquares(block, from, length, centre, squares))
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const factors = squares.map((square) => Math.min(1, radius / Math.sqrt(square)))
    squares = new Float64Array(updates)
    eachBlock(blocks, (block, from, length) => {
      move(block, from, length, centre, factors)
      addSquares(block, from, length, centre, squares)
    })
  }
  return centre
}

function addSquares(block: Float64Array, from: number, length: number, centre: Float64Array, squares: Float64Array) {
  for (let update = 0; update < squares.length; update += 1) {
    let sum = 0
    for (let i = 0; i < length; i += 1) {
      const difference = (block[update * length + i] ?? Number.NaN) - (centre[from + i] ?? Number.NaN)
      sum += difference * difference
    }
    squares[update] = (squares[update] ?? 0) + sum
  }
}

function move(block: Float64Array, from: number, length: number, centre: Float64Array, factors: Float64Array) {
  for (let i = 0; i < length; i += 1) {
    const before = centre[from + i] ?? Number.NaN
    let sum = 0
    for (let update = 0; update < factors.length; update += 1) {
      sum += ((block[update * length + i] ?? Number.NaN) - before) * (factors[update] ?? 0)
    }
    centre[from + i] = before + sum / factors.length
  }
}
