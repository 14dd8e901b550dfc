/**
 * What is learnt and how well, as arithmetic on numbers that are there: columns and their statistics, targets, the
 * plan of a model and its first parameters, metrics, server strategies. Training itself is in parties/trainers.
 */
export { type EncodedColumn, encodedColumns, type FeatureColumn } from './columns.ts'
export { type LearningCode, LearningError, learningErrors } from './errors.ts'
export { initialParameters } from './initial-parameters.ts'
export type { LayerSpec } from './layer-config.ts'
export {
  exactMetrics,
  type MetricName,
  type Metrics,
  type MetricTotals,
  metricNames,
  metricsFrom,
  metricsLayout,
  metricsUpdate,
} from './metrics.ts'
export { MAXIMUM_PARAMETERS, type ModelPlan, type ModelSpec, type Parameter, planModel } from './model.ts'
export { type Accountant, createAccountant, epsilonOfStep, type PrivacySpent } from './privacy/accountant.ts'
export { clipFactor, l2Norm, nextClipBound, splitNoise } from './privacy/clipping.ts'
export { gaussianDelta, gaussianEpsilon } from './privacy/gaussian.ts'
export type { Neighbours, PrivacyStep } from './privacy/limits.ts'
export { leastGaussianNoiseMultiplier, leastNoiseMultiplier } from './privacy/noise.ts'
export { addNoise, createGaussian, type Gaussian } from './privacy/sampling.ts'
export type { ClipSpec, PrivacySpec } from './privacy/spec.ts'
export { defaultOrders, epsilonOf, renyiDivergence } from './privacy/renyi.ts'
export { meanSensitivity, privacyStep, type Sensitivity } from './privacy/sensitivity.ts'
export { aggregateRobustly, isSpooled, type RobustSpec, verifyRobust } from './robust/rule.ts'
export { ROBUST_BLOCK, type UpdateBlocks } from './robust/blocks.ts'
export {
  declaredStandardisation,
  type Standardisation,
  standardisationFrom,
  standardise,
  verifyStatistics,
} from './standardisation.ts'
export { statisticsLayout, statisticsUpdate } from './statistics.ts'
export { createStrategy, type ServerState, stalenessWeight, type Strategy, type StrategySpec } from './strategy.ts'
export { MAXIMUM_CLASSES, scaleLabels, type TaskOutput, type TaskSpec, taskOutput, unscaleLabels } from './task.ts'
export { trainLayout } from './train.ts'
