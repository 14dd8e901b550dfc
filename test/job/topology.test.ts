import { describe, expect, it } from 'vitest'
import { parseJobSpec } from '../../src/job/index.ts'
import { changed, listed, refusal } from './specs.ts'

const glorot = {
  class_name: 'VarianceScaling',
  config: { scale: 1, mode: 'fan_avg', distribution: 'normal', seed: null },
}
const zeros = { class_name: 'Zeros', config: {} }
/** What tf.sequential().toJSON() of TensorFlow.js 4.22 says about a dense layer. */
const dense = {
  units: 4,
  activation: 'hard_sigmoid',
  use_bias: false,
  kernel_initializer: glorot,
  bias_initializer: zeros,
  kernel_regularizer: null,
  bias_regularizer: null,
  activity_regularizer: null,
  kernel_constraint: null,
  bias_constraint: null,
  name: 'dense_Dense1',
  trainable: true,
  batch_input_shape: [null, 3],
  dtype: 'float32',
}
const convolution = {
  filters: 2,
  kernel_size: [3],
  strides: [1],
  padding: 'same',
  data_format: 'channels_last',
  dilation_rate: [2],
  activation: 'relu',
  use_bias: true,
  name: 'conv1d_Conv1D1',
  trainable: true,
}
const sequential = {
  class_name: 'Sequential',
  config: {
    name: 'sequential_1',
    layers: [
      { class_name: 'InputLayer', config: { batch_input_shape: [null, 3], dtype: 'float32', name: 'input1' } },
      { class_name: 'Dense', config: dense },
      { class_name: 'Reshape', config: { target_shape: [4, 1], name: 'reshape_1', trainable: true } },
      { class_name: 'Conv1D', config: convolution },
      { class_name: 'Flatten', config: { name: 'flatten_1', trainable: true } },
      {
        class_name: 'BatchNormalization',
        config: {
          axis: -1,
          momentum: 0.9,
          epsilon: 0.001,
          center: true,
          scale: true,
          beta_initializer: zeros,
          gamma_regularizer: null,
          name: 'bn',
        },
      },
      {
        class_name: 'Dropout',
        config: { rate: 0.5, noise_shape: null, seed: null, name: 'dropout_1', trainable: true },
      },
    ],
  },
  keras_version: 'tfjs-layers 4.22.0',
  backend: 'tensor_flow.js',
}
const layers = [
  { className: 'Dense', config: { units: 4, activation: 'hardSigmoid', useBias: false } },
  { className: 'Reshape', config: { targetShape: [4, 1] } },
  {
    className: 'Conv1D',
    config: {
      filters: 2,
      kernelSize: 3,
      strides: 1,
      dilationRate: 2,
      padding: 'same',
      activation: 'relu',
      useBias: true,
    },
  },
  { className: 'Flatten', config: {} },
  { className: 'BatchNormalization', config: { axis: -1, momentum: 0.9, epsilon: 0.001, center: true, scale: true } },
  { className: 'Dropout', config: { rate: 0.5 } },
]

const specWith = (value: unknown) => changed('{ kind: logistic }', JSON.stringify({ kind: 'layers', layers: value }))
const only = (className: string, config: object) => ({
  class_name: 'Sequential',
  config: { layers: [{ class_name: className, config }] },
})

describe('a TensorFlow.js topology', () => {
  it.each([
    ['a topology', sequential],
    ['a model.json', { format: 'layers-model', modelTopology: sequential, weightsManifest: [] }],
    ['a topology by Keras', { modelTopology: { keras_version: '2', model_config: sequential } }],
    ['an old topology', { class_name: 'Sequential', config: sequential.config.layers }],
    ['a list of saved layers', sequential.config.layers],
    ['a list of layers', layers],
  ])('is read from %s', (_, value) => {
    expect(parseJobSpec(specWith(value)).model).toEqual({ kind: 'layers', layers })
  })

  it.each([
    [
      'Dense',
      { units: 1, kernel_regularizer: { class_name: 'L1L2', config: {} } },
      'config.kernelRegularizer: found an unknown key',
    ],
    ['Dense', { units: 1, trainable: false }, 'config.trainable: found an unknown key'],
    ['Dense', { units: 1, dtype: 'int32' }, 'config.dtype: found an unknown key'],
    ['Conv1D', { filters: 1, kernel_size: [3, 3] }, 'config.kernelSize: found a list of 2, expected a whole number'],
    ['LSTM', { units: 1 }, 'className: found "LSTM", expected one of \'Dense\''],
    ['Dense', { units: 1, activation: 'lambda' }, 'config.activation: found "lambda"'],
  ])('with %s %j is refused', (className, config, problem) => {
    const error = refusal(() => parseJobSpec(specWith(only(className, config))))
    expect(error.code).toBe('JOB_SPEC_INVALID')
    expect(listed(error)).toEqual([expect.stringContaining(`model.layers[0].${problem}`)])
    // The topology has other paths than the layers it becomes; the line is that of the topology.
    expect(error.problems[0]?.position?.line).toBe(4)
  })

  it.each([
    ['a functional model', { class_name: 'Model', config: { layers: [] } }],
    ['a number', 7],
    ['nothing', null],
  ])('is not %s', (_, value) => {
    expect(listed(refusal(() => parseJobSpec(specWith(value))))).toEqual([
      expect.stringMatching(/^model\.layers: found .*, expected a list of 1 to 100/),
    ])
  })
})
