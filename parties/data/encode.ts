/**
 * From the columns of a file to the raw table of the learning room: row by row the input columns of `encodedColumns`, in
 * data units. One reader per column goes through DuckDB's vectors; what breaks the contract is noted and read on, so that
 * one pass finds everything.
 */
import { DuckDBDoubleVector, type DuckDBVector, DuckDBVarCharVector } from '@duckdb/node-api'
import type { DataContract } from '../../src/job/index.ts'
import { type EncodedColumn, encodedColumns } from '../../src/learning/index.ts'
import type { MatchedColumn } from './columns.ts'
import type { Problems } from './problems.ts'

type FeatureColumn = DataContract['features'][number]
type NumberColumn = Extract<FeatureColumn, { type: 'number' }>
type CategoryColumn = Extract<FeatureColumn, { type: 'category' }>

export interface ColumnReader {
  readonly column: MatchedColumn
  /** Reads `count` rows of a vector as the rows from `from` of the table. */
  read(vector: DuckDBVector, from: number, count: number): void
  /** What a person should know about the column, after the last row. */
  warnings(): string[]
}

export interface RawColumns {
  /** rows * inputs, row-major; zero before reading. */
  readonly raw: Float32Array
  readonly inputs: number
  readonly problems: Problems
}

export function featureReaders(
  features: readonly FeatureColumn[],
  columns: readonly MatchedColumn[],
  into: RawColumns,
): ColumnReader[] {
  const encoded = encodedColumns(features)
  let at = 0
  return features.flatMap((feature, i) => {
    const column = columns[i]
    if (!column) return []
    const places: Places = new Map()
    for (; encoded[at]?.feature === feature.name; at += 1) places.set(placeKey(encoded[at]), at)
    return feature.type === 'number'
      ? numberReader(feature, column, places, into)
      : categoryReader(feature, column, places, into)
  })
}

/** Index of an input column by what it holds of its feature. */
type Places = Map<string, number>

function placeKey(encoded: EncodedColumn | undefined): string {
  return encoded?.holds.kind === 'value' ? `=${encoded.holds.value}` : (encoded?.holds.kind ?? '')
}

function numberReader(feature: NumberColumn, column: MatchedColumn, places: Places, into: RawColumns): ColumnReader {
  const { minimum, maximum, missing, outside } = feature
  const { raw, inputs, problems } = into
  const place = places.get('number') ?? 0
  const nanIsMissing = column.nan === 'missing'
  const indicator = places.get('missing')
  const range = `${minimum} to ${maximum}`
  let [smallest, largest, clipped] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]

  const readMissing = (row: number) => {
    if (missing === 'refuse') problems.add('DATA_VALUE_MISSING', column, row, `a number from ${range}`)
    raw[row * inputs + place] = Number.NaN
    if (indicator !== undefined) raw[row * inputs + indicator] = 1
  }
  return {
    column,
    read: (vector, from, count) => {
      if (!(vector instanceof DuckDBDoubleVector)) throw unexpected(vector)
      // Local, because V8 allocates a heap number at each assignment to a captured variable.
      let [low, high] = [smallest, largest]
      for (let i = 0; i < count; i += 1) {
        const value = vector.getItem(i)
        if (value === null || (nanIsMissing && Number.isNaN(value))) {
          readMissing(from + i)
          continue
        }
        if (!Number.isFinite(value)) {
          problems.add('DATA_NOT_A_NUMBER', column, from + i, `a number from ${range}`)
          continue
        }
        if (value < minimum || value > maximum) {
          if (outside === 'refuse') problems.add('DATA_OUTSIDE_RANGE', column, from + i, `a number from ${range}`)
          clipped += 1
        }
        const kept = Math.min(Math.max(value, minimum), maximum)
        if (kept < low) low = kept
        if (kept > high) high = kept
        raw[(from + i) * inputs + place] = kept
      }
      smallest = low
      largest = high
    },
    warnings: () => {
      const name = JSON.stringify(column.name)
      const texts = clipped > 0 ? [`column ${name}: ${clipped} values were outside ${range} and were clipped`] : []
      if (smallest > largest) texts.push(`column ${name} has no value in any row`)
      else if (smallest === largest) texts.push(`column ${name} is constant: every row has the same value`)
      return texts
    },
  }
}

function categoryReader(
  feature: CategoryColumn,
  column: MatchedColumn,
  places: Places,
  into: RawColumns,
): ColumnReader {
  const { raw, inputs, problems } = into
  const expected = `one of the ${feature.values.length} values of the contract`
  // Text as it is in the file, so that most cells are looked up without being trimmed.
  const known = new Map(feature.values.map((value) => [value, places.get(`=${value}`) ?? 0]))
  const seen = new Set<number | undefined>()

  const place = (text: string | null, row: number): number | undefined => {
    if (text === null) {
      if (feature.missing === 'refuse') problems.add('DATA_VALUE_MISSING', column, row, expected)
      return places.get('missing')
    }
    const found = known.get(text) ?? known.get(text.trim())
    if (found !== undefined) return found
    if (feature.other === 'refuse') problems.add('DATA_UNKNOWN_CATEGORY', column, row, expected)
    return places.get('other')
  }
  return {
    column,
    read: (vector, from, count) => {
      for (let i = 0; i < count; i += 1) {
        const at = place(textAt(vector, i), from + i)
        seen.add(at)
        if (at !== undefined) raw[(from + i) * inputs + at] = 1
      }
    },
    warnings: () =>
      seen.size > 1 ? [] : [`column ${JSON.stringify(column.name)} is constant: every row has the same value`],
  }
}

export function textAt(vector: DuckDBVector, at: number): string | null {
  if (vector instanceof DuckDBVarCharVector) return vector.getItem(at)
  throw unexpected(vector)
}

/** The SQL of this room asks for DOUBLE and VARCHAR only: another vector is a mistake here. */
export function unexpected(vector: DuckDBVector): TypeError {
  return new TypeError(`DuckDB gave a ${vector.constructor.name}, expected DOUBLE or VARCHAR`)
}
