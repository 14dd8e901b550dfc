/**
 * The deltas of one update made smaller, still whole numbers: clipping and staleness at the aggregator. `toward-zero`
 * keeps a bound on the norm, since no value grows; `nearest` (ties to even) errs least.
 */
import { ROUNDING } from './fixed-point.ts'

/** In place. `factor`: from 0 to 1, so that nothing leaves its range. */
export function scaleDeltas(deltas: Int32Array, factor: number, rounding: 'nearest' | 'toward-zero'): void {
  // Assigning to an int32 cuts the fraction off.
  const add = rounding === 'nearest' ? ROUNDING : 0
  for (let i = 0; i < deltas.length; i += 1) deltas[i] = (deltas[i] ?? 0) * factor + add - add
}
