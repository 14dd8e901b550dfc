/**
 * Robust rules: what becomes of the updates of a round when some parties may send anything. `none` and `norm-bound` are
 * weighted means and need one update at a time; the others need all of them, and give each party one vote.
 *
 * What may go wrong: no rule helps against a majority, and all of them cost accuracy where honest parties differ: the
 * median of banks with different clients is not their mean.
 */
import { LearningError } from '../errors.ts'
import type { UpdateBlocks } from './blocks.ts'
import { centredClipping } from './centred-clipping.ts'
import { krum } from './krum.ts'
import { medians, trimmedMeans } from './order-statistics.ts'

export type RobustSpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'norm-bound'; readonly bound: number }
  | { readonly kind: 'centred-clipping'; readonly radius: number; readonly iterations: number }
  | { readonly kind: 'median' }
  | { readonly kind: 'trimmed-mean'; readonly trim: number }
  | { readonly kind: 'krum'; readonly byzantine: number }
  | { readonly kind: 'multi-krum'; readonly byzantine: number; readonly selected: number }

/** A rule that needs all updates of a round at once. */
export type SpooledRule = Exclude<RobustSpec, { kind: 'none' | 'norm-bound' }>

export function isSpooled(spec: RobustSpec): spec is SpooledRule {
  return spec.kind !== 'none' && spec.kind !== 'norm-bound'
}

/** Throws LEARNING_ROBUST_INVALID. */
export function verifyRobust(spec: RobustSpec): void {
  for (const [name, value] of Object.entries(spec)) {
    if (name === 'kind' || (typeof value === 'number' && value > 0 && Number.isFinite(value))) continue
    throw new LearningError('LEARNING_ROBUST_INVALID', `robust.${name} is ${value}, expected a number above 0`)
  }
  if (spec.kind === 'trimmed-mean' && !(spec.trim < 0.5)) {
    throw new LearningError('LEARNING_ROBUST_INVALID', `robust.trim is ${spec.trim}, expected below 0.5`)
  }
}

/**
 * The aggregate of a round, one value per coordinate. `previous`: that of the round before, zero at first; centred
 * clipping alone uses it. Throws LEARNING_ROBUST_TOO_FEW.
 */
export function aggregateRobustly(spec: SpooledRule, blocks: UpdateBlocks, previous: Float64Array): Float64Array {
  if (blocks.updates === 0) throw new LearningError('LEARNING_ROBUST_TOO_FEW', 'no update came')
  switch (spec.kind) {
    case 'median':
      return medians(blocks)
    case 'trimmed-mean':
      return trimmedMeans(blocks, spec.trim)
    case 'krum':
      return krum(blocks, spec.byzantine, 1)
    case 'multi-krum':
      return krum(blocks, spec.byzantine, spec.selected)
    case 'centred-clipping':
      return centredClipping(blocks, previous, spec.radius, spec.iterations)
  }
}
