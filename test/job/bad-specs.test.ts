import { describe, expect, it } from 'vitest'
import { parseJobSpec, readJobSpec } from '../../src/job/index.ts'
import { changed, listed, minimal, refusal } from './specs.ts'

const name = 'a name: a lower-case letter, then at most 62 lower-case letters, digits or hyphens'
const column = 'text of 1 to 128 characters without control characters'
const layers = (list: string) => `{ kind: layers, layers: [${list}] }`
const activations =
  "one of 'linear', 'relu', 'relu6', 'elu', 'selu', 'tanh', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', " +
  "'softmax', 'swish', 'mish', 'gelu'"

/** Replace a piece of the minimal spec; expect exactly this line, as a person reads it. */
const replaced: [piece: string, replacement: string, problem: string][] = [
  // Keys.
  [
    'quorum: 2',
    'quorum: 2, deadlineSecond: 9',
    "rounds.deadlineSecond: found an unknown key, expected the keys count, quorum, minimumParties, deadlineSeconds, cohort, enough, late; did you mean 'deadlineSeconds'? (line 13, column 32)",
  ],
  [
    'quorum: 2',
    'quorum: 2, minimum_parties: 2',
    "rounds.minimum_parties: found an unknown key, expected the keys count, quorum, minimumParties, deadlineSeconds, cohort, enough, late; did you mean 'minimumParties'? (line 13, column 32)",
  ],
  [
    'quorum: 2',
    'quorum: 2, colour: red',
    'rounds.colour: found an unknown key, expected the keys count, quorum, minimumParties, deadlineSeconds, cohort, enough, late (line 13, column 32)',
  ],
  [
    'kind: logistic }',
    'kind: logistic, hidden: [3] }',
    'model.hidden: found an unknown key, expected the keys kind (line 4, column 26)',
  ],
  ['version: 1\n', '', 'version: found nothing, expected 1 (line 1, column 1)'],
  ['version: 1', 'version: 2', 'version: found 2, expected 1 (line 1, column 1)'],
  [
    'parties:',
    '"a\\nb": 1\nparties:',
    '["a\\nb"]: found an unknown key, expected the keys version, name, task, model, data, parties, rounds, training, strategy, summation, encoding, compression, robust, privacy, seed (line 12, column 1)',
  ],
  // Types and bounds.
  [
    'count: 3',
    'count: three',
    'rounds.count: found "three", expected a whole number from 1 to 10000 (line 13, column 11)',
  ],
  ['count: 3', 'count: 2.5', 'rounds.count: found 2.5, expected a whole number from 1 to 10000 (line 13, column 11)'],
  [
    'count: 3',
    'count: 10001',
    'rounds.count: found 10001, expected a whole number from 1 to 10000 (line 13, column 11)',
  ],
  [
    'count: 3',
    'count: .inf',
    'rounds.count: found Infinity, expected a whole number from 1 to 10000 (line 13, column 11)',
  ],
  ['count: 3', 'count:', 'rounds.count: found nothing, expected a whole number from 1 to 10000 (line 13, column 11)'],
  ['name: credit', 'name: Credit', `name: found "Credit", expected ${name} (line 2, column 1)`],
  ['name: credit', 'name: 7', `name: found 7, expected ${name}, in quotes (line 2, column 1)`],
  [
    'dataset: loans',
    `dataset: ${'a'.repeat(64)}`,
    `data.dataset: found "${'a'.repeat(60)}... (64 characters), expected ${name} (line 6, column 3)`.replace(
      'a...',
      'a"...',
    ),
  ],
  ['id: customer', 'id: "a\\0b"', `data.id: found "a\\u0000b", expected ${column} (line 7, column 3)`],
  [
    'minimum: 18',
    'minimum: -1.0e31',
    'data.features[0].minimum: found -1e+31, expected a number from -1e+30 to 1e+30 (line 10, column 34)',
  ],
  ['[bank-a, bank-b, bank-c]', 'bank-a', 'parties: found "bank-a", expected a list of 2 to 1024 (line 12, column 1)'],
  [
    '[bank-a, bank-b, bank-c]',
    '[bank-a]',
    'parties: found a list of 1, expected a list of 2 to 1024 (line 12, column 1)',
  ],
  [
    'parties:',
    'seed: 4294967296\nparties:',
    'seed: found 4294967296, expected a whole number from 0 to 4294967295 (line 12, column 1)',
  ],
  [
    'parties:',
    'encoding: { bits: 33 }\nparties:',
    'encoding.bits: found 33, expected a whole number from 8 to 32 (line 12, column 13)',
  ],
  [
    'parties:',
    'training: { learningRate: 0 }\nparties:',
    'training.learningRate: found 0, expected a number above 0 and up to 10 (line 12, column 13)',
  ],
  [
    'parties:',
    'training: { optimizer: sdg }\nparties:',
    "training.optimizer: found \"sdg\", expected one of 'sgd', 'adam'; did you mean 'sgd'? (line 12, column 13)",
  ],
  [
    '  features:',
    '  holdout: 0.9\n  features:',
    'data.holdout: found 0.9, expected a number from 0.05 to 0.5 (line 9, column 3)',
  ],
  [
    '  features:',
    '  positive: [1]\n  features:',
    'data.positive: found a list of 1, expected text of 1 to 256 characters without control characters, or a number (line 9, column 3)',
  ],
  // YAML 1.2: no is text, and 0777 a decimal number.
  [
    'values: [car, home]',
    'values: [no, 12]',
    'data.features[1].values[1]: found 12, expected text of 1 to 256 characters without control characters, in quotes (line 11, column 53)',
  ],
  // Kinds.
  [
    'model: { kind: logistic }',
    'model: { kind: logistc }',
    "model.kind: found \"logistc\", expected one of 'logistic', 'mlp', 'layers'; did you mean 'logistic'? (line 4, column 10)",
  ],
  [
    'model: { kind: logistic }',
    'model: logistic',
    "model: found \"logistic\", expected a mapping whose kind is one of 'logistic', 'mlp', 'layers' (line 4, column 1)",
  ],
  [
    'model: { kind: logistic }',
    'model: {}',
    "model.kind: found nothing, expected one of 'logistic', 'mlp', 'layers' (line 4, column 1)",
  ],
  [
    'type: category',
    'type: text',
    "data.features[1].type: found \"text\", expected one of 'number', 'category' (line 11, column 24)",
  ],
  [
    'parties:',
    'strategy: { kind: fedadm }\nparties:',
    "strategy.kind: found \"fedadm\", expected one of 'fedavg', 'fedprox', 'fedadam', 'fedyogi', 'fedadagrad', 'scaffold', 'fedbuff'; did you mean 'fedadam'? (line 12, column 13)",
  ],
  [
    'parties:',
    'strategy: { kind: fedadagrad, beta2: 0.9 }\nparties:',
    "strategy.beta2: found an unknown key, expected the keys kind, learningRate, tau, beta1; did you mean 'beta1'? (line 12, column 31)",
  ],
  [
    'parties:',
    'strategy: { kind: fedprox }\nparties:',
    'strategy.mu: found nothing, expected a number above 0 and up to 1000 (line 12, column 1)',
  ],
  [
    'parties:',
    'summation: paillier\nparties:',
    "summation: found \"paillier\", expected one of 'tee', 'plain' ('paillier' is not built yet) (line 12, column 1)",
  ],
  // Rules over several keys.
  ['quorum: 2', 'quorum: 4', 'rounds.quorum: found 4, expected at most 3, the number of parties (line 13, column 21)'],
  [
    'quorum: 2',
    'quorum: 2, minimumParties: 3',
    'rounds.minimumParties: found 3, expected at most 2, the quorum (line 13, column 32)',
  ],
  ['bank-c]', 'bank-a]', 'parties[2]: found "bank-a", expected a party that is not listed before (line 12, column 27)'],
  [
    'label: defaulted',
    'label: Customer',
    'data.label: found "Customer", expected another column than the id column (line 8, column 3)',
  ],
  [
    'name: age',
    'name: DEFAULTED',
    'data.features[0].name: found "DEFAULTED", expected another column than the label column (upper and lower case are the same) (line 10, column 9)',
  ],
  [
    'name: purpose',
    'name: AGE',
    'data.features[1].name: found "AGE", expected another column than features[0] (upper and lower case are the same) (line 11, column 9)',
  ],
  [
    'maximum: 100',
    'maximum: 18',
    'data.features[0].maximum: found 18, expected a number above the minimum, 18 (line 10, column 47)',
  ],
  [
    '[car, home]',
    '[car, home, car]',
    'data.features[1].values[2]: found "car", expected a value that is not listed before (line 11, column 60)',
  ],
  [
    '{ kind: binary-classification }',
    '{ kind: multiclass-classification, classes: [a, a] }',
    'task.classes[1]: found "a", expected a class that is not listed before (line 3, column 55)',
  ],
  [
    '{ kind: binary-classification }',
    '{ kind: regression, minimum: 0, maximum: 1 }',
    "model.kind: found \"logistic\", expected 'mlp' or 'layers' for a regression: logistic predicts probabilities; a linear regression is 'layers' with one Dense layer of one unit (line 4, column 10)",
  ],
  // Layers.
  [
    '{ kind: logistic }',
    layers(''),
    'model.layers: found a list of 0, expected a list of 1 to 100 (line 4, column 24)',
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Lambda, config: {} }'),
    "model.layers[0].className: found \"Lambda\", expected one of 'Dense', 'Activation', 'Dropout', 'BatchNormalization', 'LayerNormalization', 'Flatten', 'Reshape', 'Conv1D' (line 4, column 35)",
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Dense, config: { units: 4097 } }'),
    'model.layers[0].config.units: found 4097, expected a whole number from 1 to 4096 (line 4, column 63)',
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Dense, config: { unit: 1, units: 1 } }'),
    "model.layers[0].config.unit: found an unknown key, expected the keys units, activation, useBias; did you mean 'units'? (line 4, column 63)",
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Dense, config: { units: 1, kernelRegularizer: l2 } }'),
    'model.layers[0].config.kernelRegularizer: found an unknown key, expected the keys units, activation, useBias (line 4, column 73)',
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Dense, config: { units: 1, activation: softmx } }'),
    `model.layers[0].config.activation: found "softmx", expected ${activations}; did you mean 'softmax'? (line 4, column 73)`,
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Flatten }'),
    'model.layers[0].config: found nothing, expected a mapping with no keys (line 4, column 33)',
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Reshape, config: { targetShape: [-1, -1] } }'),
    'model.layers[0].config.targetShape: found a list of 2, expected sizes of at least 1, and -1 (whatever is left) at most once (line 4, column 65)',
  ],
  [
    '{ kind: logistic }',
    layers('{ className: Reshape, config: { targetShape: [0] } }'),
    'model.layers[0].config.targetShape: found a list of 1, expected sizes of at least 1, and -1 (whatever is left) at most once (line 4, column 65)',
  ],
  [
    '{ kind: logistic }',
    '{ kind: mlp, hidden: [8, 5000] }',
    'model.hidden[1]: found 5000, expected a whole number from 1 to 4096 (line 4, column 33)',
  ],
]

describe('a bad spec', () => {
  it.each(replaced)('%s -> %s', (piece, replacement, problem) => {
    const error = refusal(() => parseJobSpec(changed(piece, replacement)))
    expect(error.code).toBe('JOB_SPEC_INVALID')
    expect(listed(error)).toEqual([problem])
  })

  it('refuses `positive` where there is no positive label', () => {
    const multiclass = changed(
      '{ kind: binary-classification }',
      '{ kind: multiclass-classification, classes: [a, b] }',
    )
    const error = refusal(() => parseJobSpec(changed('  features:', '  positive: 1\n  features:', multiclass)))
    expect(listed(error)).toEqual([
      'data.positive: found 1, expected this key only where task.kind is binary-classification (line 9, column 3)',
    ])
  })

  it('lists every problem at once, in the order of the text', () => {
    const text = changed(
      'minimum: 18, maximum: 100',
      'minimum: x, maximum: 1, outsde: clip',
      changed('quorum: 2', 'qorum: 9', changed('bank-c', 'bank-a', minimal)),
    )
    const error = refusal(() => parseJobSpec(`${text}training: { epochs: 0 }\n`))
    expect(error.message.split('\n')[0]).toBe('job spec has 6 problems:')
    expect(error.problems.map(({ path }) => path)).toEqual([
      'data.features[0].minimum',
      'data.features[0].outsde',
      'parties[2]',
      'rounds.quorum',
      'rounds.qorum',
      'training.epochs',
    ])
    expect(error.problems[4]).toMatchObject({ suggestion: 'quorum', position: { line: 13, column: 21 } })
  })

  it('lists at most fifty', () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key${index}: 1`).join('\n')
    const error = refusal(() => parseJobSpec(`${minimal}${keys}\n`))
    expect(error.message.split('\n')[0]).toBe('job spec has more than 50 problems:')
    expect(listed(error)).toHaveLength(50)
  })

  it('keeps control and direction characters from the terminal', () => {
    const error = refusal(() => parseJobSpec(changed('name: credit', 'name: "\\e[31m\\u202Eevil\\x9b"')))
    expect(error.message).toContain('name: found "\\u001b[31m\\u202eevil\\u009b"')
  })

  it('bounds the input columns of all features together', () => {
    const values = (prefix: string) => Array.from({ length: 1000 }, (_, index) => `${prefix}${index}`).join(', ')
    const features = Array.from(
      { length: 10 },
      (_, index) => `    - { name: c${index}, type: category, values: [${values('v')}] }\n`,
    )
    const text = '    - { name: age,'
    const error = refusal(() => parseJobSpec(changed(text, features.join('') + text)))
    expect(listed(error)).toEqual([
      'data.features: found 10003 input columns, expected at most 10000 (line 9, column 3)',
    ])
  })

  it('bounds the canonical form, which defaults make longer than the text', () => {
    const spec = parseJobSpec(minimal)
    const features = Array.from({ length: 9990 }, (_, index) => {
      return { name: `${'x'.repeat(20)}${index}`, type: 'number', minimum: 0, maximum: 1 }
    })
    const bytes = new TextEncoder().encode(JSON.stringify({ ...spec, data: { ...spec.data, features } }))
    expect(bytes.length).toBeLessThan(1024 * 1024)
    const error = refusal(() => readJobSpec(bytes))
    expect(error.problems).toHaveLength(1)
    expect(error.problems[0]?.found).toMatch(/^\d{7} bytes in canonical form$/)
  })
})
