/** README.md of an export: what the model is, where it comes from, and how to use it without this program. */
import { toHex } from '../../src/crypto/index.ts'
import { encodedColumns, type ModelPlan } from '../../src/learning/index.ts'
import { isSimulated, type ModelVersion } from '../../src/round/index.ts'
import type { ExportedSpec } from './preprocessing.ts'

/** Where a model version comes from. */
export type Lineage = Pick<
  ModelVersion,
  'modelId' | 'runId' | 'jobDigest' | 'digest' | 'createdMs' | 'rounds' | 'parties' | 'metrics' | 'tee'
>

export function exportReadme(spec: ExportedSpec, plan: ModelPlan, lineage: Lineage): string {
  return [
    `# ${spec.name}`,
    ...warning(lineage),
    `A model trained by ${lineage.parties.length} parties together (${lineage.parties.join(', ')}), none of which`,
    `showed its rows to another. It predicts \`${spec.data.label}\` (${spec.task.kind}).`,
    '',
    origin(lineage, plan),
    '## Files',
    '',
    '| file | what it is |',
    '|---|---|',
    '| `model.json`, `weights.bin` | TensorFlow.js layers model |',
    '| `model.safetensors` | the same weights, float32, by name |',
    '| `preprocessing.json` | how a raw row becomes inputs, and what the output means |',
    '| `lineage/` | job, signed receipts of all rounds, evidence of the aggregator, proofs: for `coffer model verify` |',
    '',
    '## Inputs',
    '',
    inputs(spec),
    '## Load it',
    '',
    loading(plan),
    '## Output',
    '',
    outputs[spec.task.kind],
    '',
  ].join('\n')
}

function warning({ tee }: Lineage): string[] {
  if (!isSimulated(tee)) return []
  return [
    '**SIMULATED**: the aggregator that summed these updates ran in a simulated TEE, which protects nothing: whoever ran',
    'its machine could read what each party sent.',
    '',
  ]
}

function origin(lineage: Lineage, plan: ModelPlan): string {
  const metrics = Object.entries(lineage.metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`)
  const rows = [
    ['model', lineage.modelId],
    ['run', lineage.runId],
    ['aggregator, as it said', lineage.tee === '' ? 'not known' : cell(lineage.tee)],
    ['rounds', String(lineage.rounds)],
    ['parameters', String(plan.size)],
    ['made', new Date(lineage.createdMs).toISOString()],
    ['hold-out metrics', metrics.join(', ') || 'none'],
    ['SHA-256 of the job spec', toHex(lineage.jobDigest)],
    ['SHA-256 of the weights (`weights.bin`)', toHex(lineage.digest)],
  ]
  return ['| | |', '|---|---|', ...rows.map(([what, value]) => `| ${what} | ${value} |`), ''].join('\n')
}

function inputs(spec: ExportedSpec): string {
  const rows = encodedColumns(spec.data.features).map(
    ({ name, feature, holds }, i) => `| ${i} | ${cell(name)} | ${cell(feature)} | ${meaning[holds.kind]} |`,
  )
  return [
    'One row of numbers per sample, in this order. Each is `(value - mean) / deviation` with the `mean` and `deviation`',
    'of `preprocessing.json`, and 0 where the deviation is 0. A missing number becomes 0, its mean. Where the column says',
    '`"outside": "clip"`, a number outside its range is first moved to the nearest end.',
    '',
    '| input | name | column | value |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const meaning = {
  number: 'the number',
  value: '1 if the column has this value, else 0',
  missing: '1 if the value is missing, else 0',
  other: '1 if the value is none of the listed, else 0',
} as const

function loading(plan: ModelPlan): string {
  return [
    '```js',
    "import * as tf from '@tensorflow/tfjs'",
    '',
    "const model = await tf.loadLayersModel('https://example.com/model/model.json') // file:// with tfjs-node",
    `const inputs = tf.tensor2d(rows, [rows.length, ${plan.inputs}])`,
    'const predictions = model.predict(inputs)',
    '```',
    '',
    '```python',
    'from safetensors.numpy import load_file',
    '',
    `weights = load_file('model.safetensors')  # ${plan.parameters.map(({ name }) => name).join(', ')}`,
    '```',
    '',
  ].join('\n')
}

const outputs: Readonly<Record<ExportedSpec['task']['kind'], string>> = {
  'binary-classification': 'The probability that the label is `label.positive` of `preprocessing.json`.',
  'multiclass-classification':
    'The probability of each class, in the order of `label.classes` of `preprocessing.json`.',
  regression:
    'A number that is 0 for `label.minimum` and 1 for `label.maximum` of `preprocessing.json`:\n' +
    '`prediction = minimum + output * (maximum - minimum)`.',
}

const cell = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|')
