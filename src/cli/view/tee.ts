/**
 * In which TEE the aggregator of a run says it runs, for people. Display only: what counts is the verdict of each party,
 * which connects to no aggregator that its policy refuses. A simulated one is never shown without SIMULATED.
 */
import { isSimulated } from '../../round/index.ts'
import { truncate } from './text.ts'

/** In full; empty where nobody has said it yet. */
export function teeText(tee: string): string {
  return isSimulated(tee) ? `SIMULATED${tee.slice('simulated'.length)}: protects nothing` : tee
}

const MARK_WIDTH = 9

/** For a column: the family, `SGX` of `SGX by Gramine`. */
export function teeMark(tee: string): string {
  return isSimulated(tee) ? 'SIMULATED' : truncate(tee.split(' ')[0] ?? '', MARK_WIDTH)
}
