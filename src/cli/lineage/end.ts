/** Why a run ended before its last training round, as far as its receipts and its job tell. */
import type { JobSpec } from '../../job/index.ts'
import { epsilonOfStep } from '../../learning/index.ts'
import type { Receipt } from '../../ledger/index.ts'
import type { Step } from './verify.ts'

/**
 * Receipts that end early may be of a run that ended so, or the rest was left out: nothing signed tells which. But a run
 * whose job has a privacy budget can have no more rounds than that allows.
 */
export function endOf(
  receipts: readonly Pick<Receipt, 'round'>[] | undefined,
  spec: Pick<JobSpec, 'rounds' | 'privacy'> | undefined,
): Step[] {
  const last = receipts?.at(-1)?.round
  if (last === undefined || spec === undefined || last >= spec.rounds.count) return []
  const budget = spentWith(last + 1, spec.privacy)
  const text = `the job has ${spec.rounds.count} training rounds, and these receipts end with round ${last}`
  if (budget === undefined) return [{ check: 'receipts', outcome: 'not shown', text, codes: [] }]
  const why = `one more would have passed the job's privacy budget, epsilon ${budget}`
  return [{ check: 'receipts', outcome: 'verified', text: `${text}: ${why}`, codes: [] }]
}

/** The budget, if so many training rounds pass it. */
function spentWith(rounds: number, privacy: JobSpec['privacy']): number | undefined {
  if (privacy === undefined) return undefined
  const { noiseMultiplier, delta, budget } = privacy
  return epsilonOfStep({ noiseMultiplier, samplingRate: 1, rounds }, delta) > budget ? budget : undefined
}
