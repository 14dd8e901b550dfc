/**
 * A data contract from the files of several parties, for `demo --data`: the columns that all files have, numbers with a
 * range that holds every value and some more, categories with every value of every file. Give the hold-out file too,
 * so that its values fit.
 */
import { basename } from 'node:path'
import type { DataContract } from '../../src/job/index.ts'
import { PartyError } from '../errors.ts'
import { type ColumnDescription, type DatasetDescription, describeDataset, MAXIMUM_VALUES } from './describe.ts'
import { labelKey, parseNumber, shown } from './text.ts'

export interface InferOptions {
  readonly id: string
  readonly label: string
  /** Its columns must hold the contract's, and its values fit. */
  readonly holdout?: string
  /** The name of the data set in policies; default `customers`. */
  readonly dataset?: string
  readonly signal: AbortSignal
}

export interface InferredContract {
  readonly contract: DataContract
  /** For the person who runs it: what was left out, and which label counts as positive. */
  readonly notes: readonly string[]
}

type FeatureColumn = DataContract['features'][number]

/** Share of a range that is added at each end: data of other days reaches further. */
const PADDING = 0.1
/** As the job spec bounds names, values and numbers. */
const MAXIMUM_NAME = 128
const MAXIMUM_VALUE = 256
const MAXIMUM_NUMBER = 1e30

/** Throws PartyError DATA_COLUMN_MISSING naming file and columns, DATA_NO_CONTRACT, and what reading a file throws. */
export async function inferContract(files: readonly string[], options: InferOptions): Promise<InferredContract> {
  const { id, label, holdout, signal } = options
  const descriptions: DatasetDescription[] = []
  for (const file of holdout === undefined ? files : [...files, holdout]) {
    descriptions.push(await describeDataset(file, signal))
  }
  if (files.length === 0) throw new PartyError('DATA_NO_CONTRACT', 'found no data file, expected one for each party')
  verifyHas(descriptions, [id, label])

  const notes: string[] = []
  const features: FeatureColumn[] = []
  const parties = descriptions.slice(0, files.length)
  const names = new Set(parties.flatMap(({ columns }) => columns.map(({ name }) => name)))
  for (const name of names) {
    if (name === id || name === label) continue
    const feature = inferFeature(name, parties, descriptions)
    if (typeof feature === 'string') notes.push(`column ${JSON.stringify(name)} is left out: ${feature}`)
    else features.push(feature)
  }
  if (features.length === 0) {
    throw new PartyError('DATA_NO_CONTRACT', `no feature column is left of ${names.size} columns:\n${notes.join('\n')}`)
  }
  const { positive, note } = inferPositive(label, descriptions)
  const dataset = options.dataset ?? 'customers'
  return { contract: { dataset, id, label, positive, features, holdout: 0.2 }, notes: [...notes, ...note] }
}

function verifyHas(descriptions: readonly DatasetDescription[], names: readonly string[]): void {
  const lacking = descriptions.flatMap(({ path, columns }) => {
    const lacks = names.filter((name) => !columns.some((column) => column.name === name))
    return lacks.length > 0 ? [`${path} lacks ${lacks.map((name) => JSON.stringify(name)).join(', ')}`] : []
  })
  if (lacking.length > 0) throw new PartyError('DATA_COLUMN_MISSING', lacking.join('; '))
}

/** @returns the feature, or why the column cannot be one. A hold-out file must have what all parties have. */
function inferFeature(
  name: string,
  parties: readonly DatasetDescription[],
  all: readonly DatasetDescription[],
): FeatureColumn | string {
  const without = parties.filter((file) => !find(file, name))
  if (without.length > 0) return `${without.map(({ path }) => basename(path)).join(', ')} lacks it`
  if (parties.every((file) => find(file, name)?.every(({ type }) => type === 'none')))
    return 'it has no value in any file'
  verifyHas(all, [name])
  const columns = all.flatMap((file) => find(file, name) ?? [])
  if (columns.length > all.length) return 'a file has several columns with this name'
  if (name === '' || name.length > MAXIMUM_NAME || /\p{Cc}/u.test(name))
    return 'its name is empty, long or not printable'
  const filled = columns.filter(({ type }) => type !== 'none')
  const missing = columns.some((column) => column.missing > 0)
  if (filled.every(({ type }) => type === 'number')) {
    return { name, type: 'number', ...range(filled), missing: missing ? 'indicator' : 'mean', outside: 'clip' }
  }
  const values = [...new Set(filled.flatMap((column) => column.values))].sort()
  const listed = filled.every((column) => column.values.length > 0) && values.length <= MAXIMUM_VALUES
  if (!listed) return `it is text with more than ${MAXIMUM_VALUES} different values`
  if (values.some((value) => value.length > MAXIMUM_VALUE || /\p{Cc}/u.test(value))) return 'it holds long texts'
  return { name, type: 'category', values, missing: missing ? 'own-column' : 'refuse', other: 'own-column' }
}

function find({ columns }: DatasetDescription, name: string): ColumnDescription[] | undefined {
  const found = columns.filter((column) => column.name === name)
  return found.length > 0 ? found : undefined
}

/** Padded, and rounded outwards to a step that a person can read: 2 or 3 digits of the width. */
function range(columns: readonly ColumnDescription[]): { minimum: number; maximum: number } {
  const low = Math.min(...columns.map(({ minimum }) => minimum))
  const high = Math.max(...columns.map(({ maximum }) => maximum))
  const width = high - low || Math.abs(high) || 1
  const exponent = Math.floor(Math.log10(width)) - 1
  const round = (value: number, to: (steps: number) => number) => {
    const bound =
      exponent < 0 ? to(value * 10 ** -exponent) / 10 ** -exponent : to(value / 10 ** exponent) * 10 ** exponent
    return Math.min(Math.max(bound, -MAXIMUM_NUMBER), MAXIMUM_NUMBER)
  }
  return { minimum: round(low - PADDING * width, Math.floor), maximum: round(high + PADDING * width, Math.ceil) }
}

/** Of two numbers the larger is positive (1 of 0 and 1), of two texts the later in the alphabet (yes of no and yes). */
function inferPositive(
  label: string,
  all: readonly DatasetDescription[],
): { positive: string | number; note: string[] } {
  const texts = new Map<string, string>()
  for (const file of all) {
    const column = find(file, label)?.[0]
    if (!column || column.values.length === 0) throw notBinary(label, `${file.path} has none or very many`)
    for (const value of column.values) texts.set(labelKey(value), value)
  }
  const values = [...texts.values()]
  const numbers = values.flatMap((value) => parseNumber(value) ?? [])
  if (values.length !== 2) throw notBinary(label, `found ${values.length}`)
  const positive = numbers.length === 2 ? Math.max(...numbers) : (values.sort()[1] ?? '')
  const note = positive === 1 ? [] : [`label ${JSON.stringify(label)}: ${shown(String(positive))} counts as positive`]
  return { positive, note }
}

function notBinary(label: string, found: string): PartyError {
  return new PartyError('DATA_NO_CONTRACT', `label ${JSON.stringify(label)}: ${found}, expected two different values`)
}
