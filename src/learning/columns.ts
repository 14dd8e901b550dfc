/**
 * From the feature columns of the data contract to the input columns of a model. All parties derive the same list, in
 * the same order, from the job spec:
 *
 *   number    its value; then, with `missing: indicator`, 1 where the value is missing
 *   category  one column per declared value, in declared order, 1 where the row has it; then one for missing values and
 *             one for other values, where the contract says `own-column`
 *
 * A missing number is NaN in the raw table; nothing else in it may be NaN or infinite.
 */
import { LearningError } from './errors.ts'

export type FeatureColumn =
  | {
      readonly name: string
      readonly type: 'number'
      readonly minimum: number
      readonly maximum: number
      readonly missing: 'refuse' | 'mean' | 'indicator'
    }
  | {
      readonly name: string
      readonly type: 'category'
      readonly values: readonly string[]
      readonly missing: 'refuse' | 'own-column'
      readonly other: 'refuse' | 'own-column'
    }

/** One input column. `feature` names the column of the contract, `holds` says what of it is in here. */
export interface EncodedColumn {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  readonly feature: string
  readonly holds:
    | { readonly kind: 'number' }
    | { readonly kind: 'value'; readonly value: string }
    | { readonly kind: 'missing' }
    | { readonly kind: 'other' }
}

/** The input columns in order; their number is the `inputs` of the model. Throws LEARNING_COLUMN_INVALID. */
export function encodedColumns(features: readonly FeatureColumn[]): EncodedColumn[] {
  const columns = features.flatMap((feature) =>
    feature.type === 'number' ? fromNumber(feature) : fromCategory(feature),
  )
  const names = new Set<string>()
  for (const { name } of columns) {
    if (names.has(name)) throw invalid(name, 'is there twice, expected distinct names')
    names.add(name)
  }
  if (columns.length === 0)
    throw new LearningError('LEARNING_COLUMN_INVALID', 'no feature columns, expected at least 1')
  return columns
}

function fromNumber(feature: Extract<FeatureColumn, { type: 'number' }>): EncodedColumn[] {
  const { name, minimum, maximum } = feature
  const span = maximum - minimum
  if (!(span > 0 && Number.isFinite(span))) {
    throw invalid(name, `ranges from ${minimum} to ${maximum}, expected a maximum above the minimum`)
  }
  const value: EncodedColumn = { name, minimum, maximum, feature: name, holds: { kind: 'number' } }
  return feature.missing === 'indicator' ? [value, indicator(name, `${name} is missing`, { kind: 'missing' })] : [value]
}

function fromCategory(feature: Extract<FeatureColumn, { type: 'category' }>): EncodedColumn[] {
  const { name, values } = feature
  if (values.length === 0) throw invalid(name, 'has no values, expected at least 1')
  const columns = values.map((value) => indicator(name, `${name}=${value}`, { kind: 'value', value }))
  if (feature.missing === 'own-column') columns.push(indicator(name, `${name} is missing`, { kind: 'missing' }))
  if (feature.other === 'own-column') columns.push(indicator(name, `${name} is other`, { kind: 'other' }))
  return columns
}

function indicator(feature: string, name: string, holds: EncodedColumn['holds']): EncodedColumn {
  return { name, minimum: 0, maximum: 1, feature, holds }
}

function invalid(name: string, found: string): LearningError {
  return new LearningError('LEARNING_COLUMN_INVALID', `feature column ${name} ${found}`)
}
