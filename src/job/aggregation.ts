/**
 * The keys of a job spec that say how updates travel and how they become the next model: strategy, compression, robust
 * rule, privacy. Which of them go together is in aggregation-rules.ts.
 */
import * as z from 'zod'

// Defaults: Reddi et al., Adaptive Federated Optimization, ICLR 2021, section 5 and appendix.
const serverStep = {
  learningRate: z.number().gt(0).max(10).default(0.01).describe("Size of the aggregator's step"),
  tau: z.number().gt(0).max(1).default(0.001).describe('Added to the divisor: how adaptive the step is'),
}
const beta1 = z.number().min(0).lt(1).describe('How slowly the mean of the sums follows')
const beta2 = z.number().min(0).lt(1).default(0.99).describe('How slowly the mean of their squares follows')
/** 1 takes the mean update as it is. */
const meanStep = z.number().gt(0).max(10).default(1).describe('Part of the mean update that is added to the model')

export const strategy = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('fedavg').describe('The mean of the updates, weighted by rows') }),
    z.strictObject({
      kind: z
        .literal('fedprox')
        .describe('As fedavg; the loss at a party also counts the distance to the common model'),
      mu: z.number().gt(0).max(1000).describe('Weight of that distance'),
    }),
    z.strictObject({
      kind: z.literal('fedadam').describe('Adam at the aggregator'),
      ...serverStep,
      beta1: beta1.default(0.9),
      beta2,
    }),
    z.strictObject({
      kind: z.literal('fedyogi').describe('Yogi at the aggregator'),
      ...serverStep,
      beta1: beta1.default(0.9),
      beta2,
    }),
    z.strictObject({
      kind: z.literal('fedadagrad').describe('Adagrad at the aggregator'),
      ...serverStep,
      beta1: beta1.default(0),
    }),
    z.strictObject({
      kind: z
        .literal('scaffold')
        .describe('Control variates take the drift of each party out of its steps; updates are twice as large'),
      learningRate: meanStep,
    }),
    z.strictObject({
      kind: z
        .literal('fedbuff')
        .describe(
          'A round closes as soon as its buffer is full; late updates count in a later round, with less weight',
        ),
      buffer: z.int().min(2).max(1024).describe('Updates that close a round'),
      maximumStaleness: z
        .int()
        .min(0)
        .max(100)
        .default(10)
        .describe('Rounds by which an update may be late; a later one is dropped'),
      learningRate: meanStep,
    }),
  ])
  .describe('How the sum becomes the next model')

export const compression = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('Every value, in the fixed-point form') }),
    z.strictObject({
      kind: z.literal('int8').describe('One byte a value; what rounding takes away is added to the next update'),
    }),
    z.strictObject({
      kind: z.literal('top-k').describe('The largest values only; the others are added to the next update'),
      share: z.number().min(0.001).max(0.5).describe('Share of the values that travels'),
    }),
  ])
  .describe('How the updates of training travel')

/** L2 norms of updates. A value reaches 1e6 at most (encoding.range), a model has 1e8 of them at most. */
const norm = z.number().gt(0).max(1e10)
/** 2 * 510 + 3 parties are the largest quorum. */
const byzantine = z.int().min(1).max(510).describe('Dishonest parties that are withstood')

export const robustKinds = [
  'none',
  'norm-bound',
  'centred-clipping',
  'median',
  'trimmed-mean',
  'krum',
  'multi-krum',
] as const

export const robust = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('The mean of all updates') }),
    z.strictObject({
      kind: z.literal('norm-bound').describe('The mean; an update with a larger L2 norm is scaled down to the bound'),
      bound: norm.describe('Largest norm of an update'),
    }),
    z.strictObject({
      kind: z
        .literal('centred-clipping')
        .describe('The mean; what an update differs from the centre is scaled down to the radius'),
      radius: norm.describe('Largest distance from the centre, as an L2 norm'),
      iterations: z.int().min(1).max(10).default(3).describe('How often the centre is found anew'),
    }),
    z.strictObject({ kind: z.literal('median').describe('The median of each value; rows do not count') }),
    z.strictObject({
      kind: z
        .literal('trimmed-mean')
        .describe('The mean of each value without the largest and the smallest; rows do not count'),
      trim: z.number().gt(0).lt(0.5).describe('Share of the updates that is cut off at each end'),
    }),
    z.strictObject({
      kind: z
        .literal('krum')
        .describe('The one update that is nearest to its neighbours, which the model then shows to everybody'),
      byzantine,
    }),
    z.strictObject({
      kind: z.literal('multi-krum').describe('The mean of the updates that are nearest to their neighbours'),
      byzantine,
      selected: z.int().min(1).max(1024).describe('Updates that the mean is made of'),
    }),
  ])
  .describe('How updates of dishonest parties are kept from the model')

// Defaults of adaptive clipping: Andrew et al., Differentially Private Learning with Adaptive Clipping, NeurIPS 2021,
// sections 2 and 3.
const clip = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('fixed').describe('One bound for the whole run'),
      bound: norm.describe('Largest L2 norm of an update; a larger one is scaled down to it'),
    }),
    z.strictObject({
      kind: z.literal('adaptive').describe('The bound follows a quantile of the norms, itself found with noise'),
      initial: norm.default(0.1).describe('Bound of the first round'),
      quantile: z.number().gt(0).lt(1).default(0.5).describe('Share of the updates that is to stay as it is'),
      learningRate: z.number().gt(0).max(1).default(0.2).describe('How fast the bound follows'),
    }),
  ])
  .describe("How much one party's update may weigh")

export const privacy = z
  .strictObject({
    clip,
    // The range in which the accountant of the learning room was checked against published values.
    noiseMultiplier: z
      .number()
      .min(0.1)
      .max(1e6)
      .describe('Deviation of the Gaussian noise, as a multiple of what one party can change'),
    // A delta of 1 / parties lets one party in full view; 1,024 parties are the most.
    delta: z.number().gt(0).max(0.001).describe('Chance with which the guarantee may fail'),
    budget: z.number().gt(0).max(1000).describe('Epsilon at which the run ends, whatever rounds are left'),
    metrics: z
      .enum(['withheld', 'exact'])
      .default('withheld')
      .describe('Metrics and losses have no noise: they are not released, or are released outside of the guarantee'),
  })
  .describe('Central differential privacy of each party; without this key there is none')
