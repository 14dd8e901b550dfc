/**
 * Labels to targets, as the learning room trains on them: 0 or 1, the number of a class, or a regression label scaled to
 * 0..1. Every label is checked; the label of a binary task may have one value beside the positive one, whatever it is.
 */
import { DuckDBDoubleVector } from '@duckdb/node-api'
import type { DataContract, TaskSpec } from '../../src/job/index.ts'
import type { MatchedColumn } from './columns.ts'
import { type ColumnReader, textAt, unexpected } from './encode.ts'
import type { Problems } from './problems.ts'
import { labelKey } from './text.ts'

/** Texts of labels that were looked up are kept, this many: a label column of free text must not fill the memory. */
const MAXIMUM_KNOWN = 10_000

export function labelReader(
  contract: DataContract,
  task: TaskSpec,
  column: MatchedColumn,
  labels: Float32Array,
  problems: Problems,
): ColumnReader {
  if (task.kind === 'regression') return numberReader(task, column, labels, problems)
  const lookup = task.kind === 'binary-classification' ? binary(contract.positive ?? 1) : multiclass(task.classes)
  const seen = new Set<number>()
  return {
    column,
    read: (vector, from, count) => {
      for (let i = 0; i < count; i += 1) {
        const text = textAt(vector, i)
        const target = text === null ? undefined : lookup.target(text)
        if (text === null) problems.add('DATA_VALUE_MISSING', column, from + i, lookup.expected)
        else if (target === undefined) problems.add('DATA_LABEL_INVALID', column, from + i, lookup.expected)
        else {
          labels[from + i] = target
          seen.add(target)
        }
      }
    },
    warnings: () =>
      seen.size > 1
        ? []
        : [`label ${JSON.stringify(column.name)} has one class only: nothing can be learnt or measured`],
  }
}

interface Lookup {
  readonly expected: string
  target(text: string): number | undefined
}

function binary(positive: string | number): Lookup {
  const key = labelKey(String(positive))
  let other: string | undefined
  return {
    expected: `the positive value ${JSON.stringify(positive)} or one other value (data.positive of the job says which)`,
    target: remembered((text) => {
      const found = labelKey(text)
      if (found === key) return 1
      other ??= found
      return found === other ? 0 : undefined
    }),
  }
}

function multiclass(classes: readonly string[]): Lookup {
  const targets = new Map(classes.map((name, i) => [labelKey(name), i]))
  return {
    expected: `one of the ${classes.length} classes of the task`,
    target: remembered((text) => targets.get(labelKey(text))),
  }
}

function remembered(target: (text: string) => number | undefined): (text: string) => number | undefined {
  const known = new Map<string, number>()
  return (text) => {
    const old = known.get(text)
    if (old !== undefined) return old
    const found = target(text)
    if (found !== undefined && known.size < MAXIMUM_KNOWN) known.set(text, found)
    return found
  }
}

function numberReader(
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  column: MatchedColumn,
  labels: Float32Array,
  problems: Problems,
): ColumnReader {
  const expected = `a number from ${minimum} to ${maximum}`
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    column,
    read: (vector, from, count) => {
      if (!(vector instanceof DuckDBDoubleVector)) throw unexpected(vector)
      for (let i = 0; i < count; i += 1) {
        const value = vector.getItem(i)
        if (value === null || (column.nan === 'missing' && Number.isNaN(value)))
          problems.add('DATA_VALUE_MISSING', column, from + i, expected)
        else if (!(value >= minimum && value <= maximum)) problems.add('DATA_LABEL_INVALID', column, from + i, expected)
        else {
          labels[from + i] = (value - minimum) / (maximum - minimum)
          smallest = Math.min(smallest, value)
          largest = Math.max(largest, value)
        }
      }
    },
    warnings: () =>
      smallest < largest ? [] : [`label ${JSON.stringify(column.name)} is constant: nothing can be learnt or measured`],
  }
}
