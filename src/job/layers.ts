/**
 * Layers of a `layers` model: declarations with the names and configuration keys of TensorFlow.js, never code.
 *
 * Only what is listed here exists: a topology cannot bring along its own initialisers or regularisers (weights start
 * from the job's seed, and `training.l2` regularises), names, or custom classes. Each size is bounded here; whether the
 * layers fit together, and how large the whole may be, is for planModel of the learning room.
 */
import * as z from 'zod'

/** Wider than any layer a table of 10,000 columns needs. */
const maximumUnits = 4096

const activationName = z
  .enum([
    'linear',
    'relu',
    'relu6',
    'elu',
    'selu',
    'tanh',
    'sigmoid',
    'hardSigmoid',
    'softplus',
    'softsign',
    'softmax',
    'swish',
    'mish',
    'gelu',
  ])
  .describe("Function applied to the layer's output")
const activation = activationName.default('linear')
const useBias = z.boolean().default(true).describe('Whether each output has a trained constant')
const lastAxis = z.literal(-1).default(-1).describe('The axis that is normalised: always the last')
const epsilon = z.number().min(1e-12).lt(1).default(0.001).describe('Added to the variance against division by zero')
const center = z.boolean().default(true).describe('Whether a trained offset (beta) is added')
const scale = z.boolean().default(true).describe('Whether a trained factor (gamma) is applied')

function layer<Name extends string, Config extends z.ZodRawShape>(className: Name, meaning: string, config: Config) {
  return z
    .strictObject({
      className: z.literal(className).describe(meaning),
      config: z.strictObject(config).describe(`Configuration of ${className}`),
    })
    .meta({ title: className })
}

export const layerSchema = z.discriminatedUnion('className', [
  layer('Dense', 'Fully connected layer', {
    units: z.int().min(1).max(maximumUnits).describe('Number of outputs'),
    activation,
    useBias,
  }),
  layer('Activation', 'Applies a function to each value', { activation: activationName }),
  layer('Dropout', 'Sets a random share of values to zero while training', {
    rate: z.number().min(0).max(0.95).describe('Share of the values'),
  }),
  layer('BatchNormalization', 'Normalises each channel over the batch', {
    axis: lastAxis,
    momentum: z.number().min(0).lt(1).default(0.99).describe('How slowly the moving mean and variance follow'),
    epsilon,
    center,
    scale,
  }),
  layer('LayerNormalization', 'Normalises the channels of each row', { axis: lastAxis, epsilon, center, scale }),
  layer('Flatten', 'Makes one axis of all', {}),
  layer('Reshape', 'Arranges the values of a row in another shape', {
    targetShape: z
      .array(z.int().min(-1).max(1_000_000))
      .min(1)
      .max(4)
      .refine((shape) => shape.every((size) => size !== 0) && shape.filter((size) => size === -1).length <= 1, {
        error: 'sizes of at least 1, and -1 (whatever is left) at most once',
      })
      .describe('The new shape without the row axis; -1, at most once, stands for whatever is left'),
  }),
  layer('Conv1D', 'Convolution along the first of two axes', {
    filters: z.int().min(1).max(maximumUnits).describe('Number of output channels'),
    kernelSize: z.int().min(1).max(1024).describe('Steps that one output sees'),
    strides: z.int().min(1).max(1024).default(1).describe('Steps from one output to the next'),
    dilationRate: z.int().min(1).max(1024).default(1).describe('Steps from one seen step to the next'),
    padding: z.enum(['valid', 'same']).default('valid').describe('Whether the ends are padded with zeros'),
    activation,
    useBias,
  }),
])

export type LayerSpec = z.infer<typeof layerSchema>
