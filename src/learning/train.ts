/** The update of a training round. */
import type { UpdateLayout } from '../update/index.ts'
import { metricsLayout } from './metrics.ts'
import type { ModelPlan } from './model.ts'
import type { StrategySpec } from './strategy.ts'
import type { TaskSpec } from './task.ts'

/**
 * deltas: trained - incoming, one per parameter; under scaffold, as many of the control variate after them. counts and
 * sums: those of `metricsLayout`, for the incoming model on the hold-out rows; then one more sum, the mean training loss
 * times the training rows. So `metricsFrom` reads the totals of a training round as they are, and the last sum over the
 * contributors' rows is the mean training loss.
 */
export function trainLayout(
  task: TaskSpec,
  plan: Pick<ModelPlan, 'size'>,
  strategy: Pick<StrategySpec, 'kind'> = { kind: 'fedavg' },
): UpdateLayout {
  const metrics = metricsLayout(task)
  return {
    deltas: strategy.kind === 'scaffold' ? 2 * plan.size : plan.size,
    counts: metrics.counts,
    sums: metrics.sums + 1,
  }
}
