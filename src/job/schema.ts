/**
 * The job spec: every key with its type, bounds, default and meaning. docs/job-spec.md and the wording of errors are
 * made from this file. A custom rule's `error` says what was expected; the value found is added by problems.ts.
 */
import * as z from 'zod'
import { compression, privacy, robust, strategy } from './aggregation.ts'
import { layerSchema } from './layers.ts'
import { allDifferent, columnRules, rangeRule, specRules } from './rules.ts'

/** Rules over several keys run even where another key is wrong, so that one error lists every problem. */
const always = { when: () => true }

/** Names of federations, programs, parties, users, data sets and jobs. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/)
  .meta({ expected: 'a name: a lower-case letter, then at most 62 lower-case letters, digits or hyphens' })

/** Text that a person reads or that names a column: no control characters (NUL ends an SQL identifier early). */
function text(maximumLength: number) {
  return z
    .string()
    .min(1)
    .max(maximumLength)
    .regex(/^[^\p{Cc}\p{Surrogate}]*$/u)
    .meta({ expected: `text of 1 to ${maximumLength} characters without control characters` })
}

const columnName = text(128)
const categoryValue = text(256)
/** Column values go into Float32Array: a larger number would become infinite there. */
const columnNumber = z.number().min(-1e30).max(1e30)

/** Columns, and columns after categories and missing values have become columns of their own. */
export const maximumInputs = 10_000

export const taskKinds = ['binary-classification', 'multiclass-classification', 'regression'] as const
export const modelKinds = ['logistic', 'mlp', 'layers'] as const
export const summations = ['tee', 'plain'] as const

const task = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('binary-classification').describe('Predicts the probability of one outcome') }),
    z.strictObject({
      kind: z.literal('multiclass-classification').describe('Predicts the probability of each class'),
      classes: z
        .array(categoryValue.describe('A value of the label column'))
        .min(2)
        // The confusion matrix travels with each update: 256 classes are 65,536 counts.
        .max(256)
        .superRefine(allDifferent('a class'), always)
        .describe('The values of the label column, in the order of the outputs'),
    }),
    z.strictObject({
      kind: z.literal('regression').describe('Predicts a number'),
      minimum: columnNumber.describe('Smallest label that is accepted'),
      maximum: columnNumber.describe('Largest label that is accepted'),
    }),
  ])
  .superRefine(rangeRule, always)
  .describe('What is predicted')

const model = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('logistic')
        .describe('One dense layer: logistic regression; softmax regression for several classes'),
    }),
    z.strictObject({
      kind: z.literal('mlp').describe('Dense layers one after the other'),
      hidden: z
        .array(z.int().min(1).max(4096).describe('Outputs of one hidden layer'))
        .min(1)
        .max(10)
        .describe('Sizes of the hidden layers'),
      activation: z
        .enum(['relu', 'tanh', 'sigmoid', 'elu'])
        .default('relu')
        .describe('Function after each hidden layer'),
      dropout: z.number().min(0).max(0.95).default(0).describe('Share of hidden values set to zero while training'),
    }),
    z.strictObject({
      kind: z.literal('layers').describe('Layers as TensorFlow.js names them, or a whole Sequential topology'),
      layers: z
        .array(layerSchema)
        .min(1)
        .max(100)
        .describe('From the input to the output; the last one gives the prediction'),
    }),
  ])
  .describe('What is trained')

const feature = z.discriminatedUnion('type', [
  z.strictObject({
    name: columnName.describe('The column'),
    type: z.literal('number').describe('A column of numbers'),
    minimum: columnNumber.describe('Smallest value that is accepted'),
    maximum: columnNumber.describe('Largest value that is accepted'),
    missing: z
      .enum(['refuse', 'mean', 'indicator'])
      .default('refuse')
      .describe("A missing value: an error, the federation's mean, or the mean and a second input column that says so"),
    outside: z
      .enum(['refuse', 'clip'])
      .default('refuse')
      .describe('A value outside the range: an error, or the nearest end of the range'),
  }),
  z.strictObject({
    name: columnName.describe('The column'),
    type: z.literal('category').describe('A column with few different values; each becomes an input column'),
    values: z
      .array(categoryValue.describe('A value; numbers in quotes'))
      .min(1)
      .max(1000)
      .superRefine(allDifferent('a value'), always)
      .describe('The values, as text'),
    missing: z
      .enum(['refuse', 'own-column'])
      .default('refuse')
      .describe('A missing value: an error, or an input column of its own'),
    other: z
      .enum(['refuse', 'own-column'])
      .default('refuse')
      .describe('A value not listed: an error, or an input column of its own'),
  }),
])

const data = z
  .strictObject({
    dataset: nameSchema.describe("The data set's name in each party's policy"),
    id: columnName.describe('The column that identifies a row; it is never an input'),
    label: columnName.describe('The column that is predicted'),
    positive: z.union([categoryValue, z.number()]).optional().meta({
      description:
        'Binary classification only: the label that counts as 1; the column may hold one other value, which counts as 0',
      filled: 1,
    }),
    features: z
      .array(feature.superRefine(rangeRule, always))
      .min(1)

      .max(maximumInputs)
      .describe('The columns that the model sees'),
    holdout: z.number().min(0.05).max(0.5).default(0.2).describe('Share of the rows that is never trained on'),
  })
  .superRefine(columnRules, always)
  .describe('What each party must have')

const rounds = z
  .strictObject({
    count: z.int().min(1).max(10_000).describe('Training rounds'),
    quorum: z.int().min(2).max(1024).describe('Updates that suffice for a round'),
    minimumParties: z.int().min(2).max(1024).default(2).describe('No sum of fewer parties is ever released'),
    deadlineSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(600)
      .describe(
        'Seconds until a round closes without the late, and until a run starts without the parties that have not decided',
      ),
    cohort: z
      .int()
      .min(2)
      .max(1024)
      .optional()
      .describe('Parties asked in a round, chosen anew each round by the seed; everybody if absent'),
    enough: z
      .int()
      .min(2)
      .max(1024)
      .optional()
      .describe('Updates with which a round closes without waiting for the others; those of everybody asked if absent'),
    late: z
      .enum(['drop', 'keep'])
      .default('drop')
      .describe('What becomes of an update that comes after its round closed: nothing, or it counts in the next round'),
  })
  .describe('How often, and who must be there')

const training = z
  .strictObject({
    epochs: z.int().min(1).max(1000).default(1).describe("Passes over a party's rows in one round"),
    batch: z.int().min(1).max(65_536).default(256).describe('Rows in one step'),
    learningRate: z.number().gt(0).max(10).default(0.01).describe('Size of a local step'),
    optimizer: z.enum(['sgd', 'adam']).default('adam').describe('How a party steps'),
    l2: z.number().min(0).max(10).default(0).describe('Weight of the squared parameters in the loss'),
  })
  .describe('What a party does in a round')

const encoding = z
  .strictObject({
    bits: z.int().min(8).max(32).default(32).describe('Bits of one value of an update'),
    range: z
      .number()
      // A narrow range would ask each party how large its update is.
      .min(1)
      .max(1_000_000)
      .default(16)
      .describe('Largest size of one value; a larger one is an error'),
  })
  .describe('The fixed-point form of updates')

export const jobSpecSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this format'),
    name: nameSchema.describe("The job's name"),
    task,
    model,
    data,
    parties: z
      .array(nameSchema.describe("A party's name"))
      .min(2)
      .max(1024)
      .superRefine(allDifferent('a party'), always)
      .describe('Who is asked'),
    rounds,
    training: training.prefault({}),
    strategy: strategy.prefault({ kind: 'fedavg' }),
    summation: z
      .enum(summations)
      .default('tee')
      .meta({ expected: "one of 'tee', 'plain' ('paillier' is not built yet)" })
      .describe('How updates become their sum: in the trusted execution environment, or without one (benchmarks only)'),
    encoding: encoding.prefault({}),
    compression: compression.prefault({ kind: 'none' }),
    robust: robust.prefault({ kind: 'none' }),
    privacy: privacy.optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('Of initial weights and of every shuffle'),
  })
  .superRefine(specRules, always)

/** A spec is approved as it is: nobody changes it after it was read. */
type Frozen<Value> = Value extends object ? { readonly [Key in keyof Value]: Frozen<Value[Key]> } : Value

export type JobSpec = Frozen<z.infer<typeof jobSpecSchema>>
export type TaskSpec = JobSpec['task']
export type ModelSpec = JobSpec['model']
export type DataContract = JobSpec['data']
export type FeatureColumn = DataContract['features'][number]
export type TrainingSpec = JobSpec['training']
export type StrategySpec = JobSpec['strategy']
export type CompressionSpec = JobSpec['compression']
export type RobustSpec = JobSpec['robust']
export type PrivacySpec = NonNullable<JobSpec['privacy']>
export type TaskKind = TaskSpec['kind']
export type ModelKind = ModelSpec['kind']
export type Summation = JobSpec['summation']
