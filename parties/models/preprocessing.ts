/**
 * preprocessing.json of an export: everything that turns a raw row into the model's inputs, and the model's outputs
 * into what was asked for. Plain data, so that any language can follow it; README.md of the export says how.
 */
import { encodedColumns, type FeatureColumn, type Standardisation, type TaskSpec } from '../../src/learning/index.ts'
import { ModelError } from './errors.ts'

/** The parts of a job spec that an export needs. */
export interface ExportedSpec {
  readonly name: string
  readonly task: TaskSpec
  readonly data: {
    readonly id: string
    readonly label: string
    /** Binary classification: the label that counts as 1. */
    readonly positive?: string | number | undefined
    readonly features: readonly (FeatureColumn & { readonly outside?: 'refuse' | 'clip' })[]
  }
}

/** Throws MODEL_MISMATCH if the standardisation is of other columns. */
export function preprocessing(spec: ExportedSpec, standardisation: Standardisation): object {
  const { features, id, label } = spec.data
  const columns = encodedColumns(features)
  const { mean, deviation } = standardisation
  if (mean.length !== columns.length || deviation.length !== columns.length) {
    const found = `${mean.length} means and ${deviation.length} deviations`
    throw new ModelError('MODEL_MISMATCH', `${found} for ${columns.length} input columns`)
  }
  return {
    version: 1,
    id,
    features,
    // One for each input of the model, in order: input = (value - mean) / deviation.
    inputs: columns.map(({ name, feature, holds }, i) => ({
      name,
      feature,
      ...holds,
      mean: mean[i],
      deviation: deviation[i],
    })),
    label: { column: label, ...labelHandling(spec) },
  }
}

function labelHandling({ task, data }: ExportedSpec): object {
  switch (task.kind) {
    case 'binary-classification':
      return { task: task.kind, positive: data.positive ?? 1, output: 'probability that the label is `positive`' }
    case 'multiclass-classification':
      return { task: task.kind, classes: task.classes, output: 'probability of each class, in the order of `classes`' }
    case 'regression':
      return {
        task: task.kind,
        minimum: task.minimum,
        maximum: task.maximum,
        output: 'label = minimum + output * (maximum - minimum)',
      }
  }
}
