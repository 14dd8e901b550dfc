/** Files, contracts and refusals for the tests of this folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, expect } from 'vitest'
import { loadTable, type RawTable } from '../../../parties/data/index.ts'
import { type PartyCode, PartyError } from '../../../parties/errors.ts'
import type { DataContract, TaskSpec } from '../../../src/job/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'coffer-data-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

export const never = new AbortController().signal
export const binary: TaskSpec = { kind: 'binary-classification' }

let made = 0

/** A path in the test's own folder, not yet there. */
export function path(name: string): string {
  made += 1
  return join(folder, `${made}-${name}`)
}

export function file(content: string | Uint8Array, name = 'data.csv'): string {
  const at = path(name)
  writeFileSync(at, content)
  return at
}

/** A Parquet file from a SELECT. */
export async function parquet(select: string, name = 'data.parquet'): Promise<string> {
  const at = path(name)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`COPY (${select}) TO '${at.replaceAll("'", "''")}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
  return at
}

type FeatureColumn = DataContract['features'][number]
type NumberRules = Partial<Omit<Extract<FeatureColumn, { type: 'number' }>, 'name' | 'type'>>
type CategoryRules = Partial<Omit<Extract<FeatureColumn, { type: 'category' }>, 'name' | 'type'>>

export function number(name: string, rules: NumberRules = {}): FeatureColumn {
  return { name, type: 'number', minimum: 0, maximum: 100, missing: 'refuse', outside: 'refuse', ...rules }
}

export function category(name: string, rules: CategoryRules = {}): FeatureColumn {
  return { name, type: 'category', values: ['red', 'blue'], missing: 'refuse', other: 'refuse', ...rules }
}

export function contract(features: FeatureColumn[], rules: Partial<DataContract> = {}): DataContract {
  return { dataset: 'customers', id: 'id', label: 'y', features, holdout: 0.2, ...rules }
}

export function load(at: string, features: FeatureColumn[], rules: Partial<DataContract> = {}, task = binary) {
  return loadTable({ path: at, contract: contract(features, rules), task, signal: never })
}

/** Rows of the raw table as arrays. */
export function matrix({ raw, rows, inputs }: RawTable): number[][] {
  return Array.from({ length: rows }, (_, row) => [...raw.subarray(row * inputs, (row + 1) * inputs)])
}

/** The error of a promise that must reject with this class and code. */
export async function refusal(code: PartyCode, promise: Promise<unknown>): Promise<PartyError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof PartyError)) throw new Error(`expected PartyError ${code}, found ${String(error)}`)
  expect(error.code, error.message).toBe(code)
  return error
}
