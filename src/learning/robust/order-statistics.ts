/**
 * Coordinate-wise median and trimmed mean: Yin, Chen, Ramchandran, Bartlett, "Byzantine-Robust Distributed Learning",
 * ICML 2018 (arXiv 1803.01498), definitions 1 and 2. Of each coordinate the values are sorted, and the middle counts: the
 * median (the mean of the two middle ones of an even number), or the mean of what is left after floor(trim * n) are cut
 * at each end.
 */
import { eachBlock, type UpdateBlocks } from './blocks.ts'

export function medians(blocks: UpdateBlocks): Float64Array {
  return middles(blocks, Math.floor((blocks.updates - 1) / 2))
}

export function trimmedMeans(blocks: UpdateBlocks, trim: number): Float64Array {
  return middles(blocks, Math.floor(trim * blocks.updates))
}

/** The mean of each coordinate without the `cut` smallest and largest. Added in order of size, whoever sent what. */
function middles(blocks: UpdateBlocks, cut: number): Float64Array {
  const { updates, size } = blocks
  const out = new Float64Array(size)
  const column = new Float64Array(updates)
  eachBlock(blocks, (block, from, length) => {
    for (let i = 0; i < length; i += 1) {
      for (let update = 0; update < updates; update += 1) column[update] = block[update * length + i] ?? Number.NaN
      sort(column)
      let sum = 0
      for (let at = cut; at < updates - cut; at += 1) sum += column[at] ?? 0
      out[from + i] = sum / (updates - 2 * cut)
    }
  })
  return out
}

/** A typed array's own sort costs a microsecond to call; few values are sorted sooner by insertion. */
function sort(values: Float64Array): void {
  if (values.length > 48) {
    values.sort()
    return
  }
  for (let i = 1; i < values.length; i += 1) {
    const value = values[i] ?? 0
    let at = i
    for (; at > 0 && (values[at - 1] ?? 0) > value; at -= 1) values[at] = values[at - 1] ?? 0
    values[at] = value
  }
}
