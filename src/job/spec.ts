/**
 * From text to a job spec and from there to the bytes whose digest names the job.
 *
 * A data scientist writes YAML; the coordinator fills in every default and canonicalises; parties and aggregator accept
 * the canonical bytes only, so that all of them hash, judge and run exactly the same values.
 */
import type * as z from 'zod'
import { canonicalJson, equalBytes, sha256 } from '../crypto/index.ts'
import { decode, maximumBytes, readDocument } from './document.ts'
import { type JobCode, JobError } from './errors.ts'
import { describeSchema } from './expectation.ts'
import { type Locate, type Path, pathText, type Problem, printable, problemsMessage, problemsOf } from './problems.ts'
import { type FeatureColumn, type JobSpec, jobSpecSchema, maximumInputs } from './schema.ts'
import { readTopology } from './topology.ts'

interface Document {
  readonly value: unknown
  readonly locate: Locate
}

/**
 * YAML 1.2 or JSON, as text or UTF-8 bytes of at most 1 MiB. Throws JobError JOB_SPEC_INVALID with every problem.
 * @param parties read in place of those of the text, as a simulation does
 */
export function parseJobSpec(input: string | Uint8Array, parties?: readonly string[]): JobSpec {
  const document = openDocument(input, 'job spec', 'JOB_SPEC_INVALID')
  const value = readTopology(document.value)
  const replaced = parties && typeof value === 'object' && value !== null ? { ...value, parties } : value
  return validateSpec({ value: replaced, locate: document.locate })
}

/**
 * A spec from the wire: JSON only, UTF-8, at most 1 MiB, in any form. Throws JobError JOB_SPEC_INVALID.
 * A program that serves others uses this one: reading a hostile megabyte of YAML takes seconds, of JSON milliseconds.
 */
export function readJobSpec(bytes: Uint8Array): JobSpec {
  const text = decode(bytes)
  if (typeof text !== 'string') throw invalid('job spec', 'JOB_SPEC_INVALID', [text])
  return validateSpec({ value: readTopology(parseJson(text)), locate: () => undefined })
}

/** Throws JobError JOB_SPEC_INVALID, or JOB_SPEC_NOT_CANONICAL for a valid spec in any other form than its own. */
export function readCanonicalSpec(bytes: Uint8Array): JobSpec {
  const spec = readJobSpec(bytes)
  const canonical = canonicalSpec(spec)
  if (equalBytes(canonical, bytes)) return spec
  const first = canonical.findIndex((byte, index) => byte !== bytes[index])
  throw new JobError(
    'JOB_SPEC_NOT_CANONICAL',
    `job spec '${spec.name}': found ${bytes.length} bytes, expected the canonical form of ${canonical.length} bytes; ` +
      `they differ from byte ${first < 0 ? canonical.length : first} on`,
  )
}

/**
 * The canonical form (RFC 8785) of a spec that parseJobSpec made. Every default is in it but those of keys that were
 * added after the first release: they are left out where they change nothing, so that a job that was approved before
 * keeps its digest.
 */
export function canonicalSpec(spec: JobSpec): Uint8Array {
  const { compression, robust, rounds, ...rest } = spec
  const { late, ...older } = rounds
  return canonicalJson({
    ...rest,
    rounds: late === 'drop' ? older : rounds,
    ...(compression.kind === 'none' ? {} : { compression }),
    ...(robust.kind === 'none' ? {} : { robust }),
  })
}

/** SHA-256 of the canonical spec, 32 bytes: the name of the job in approvals, joins and receipts. */
export function jobDigest(specBytes: Uint8Array): Uint8Array {
  return sha256(specBytes)
}

/** A YAML file of any program against its schema. `what` names the file in the message. Throws JobError CONFIG_INVALID. */
export function parseConfig<T>(schema: z.ZodType<T>, input: string | Uint8Array, what: string): T {
  return parseWith(schema, input, what, 'CONFIG_INVALID')
}

export function parseWith<T>(schema: z.ZodType<T>, input: string | Uint8Array, what: string, code: JobCode): T {
  return validate(schema, openDocument(input, what, code), what, code)
}

function openDocument(input: string | Uint8Array, what: string, code: JobCode): Document {
  const document = readDocument(input)
  if ('value' in document) return document
  throw invalid(what, code, document.problems)
}

function validate<T>(schema: z.ZodType<T>, document: Document, what: string, code: JobCode): T {
  const parsed = schema.safeParse(document.value)
  if (parsed.success) return parsed.data
  throw invalid(what, code, problemsOf(parsed.error.issues, document, describeSchema(schema)))
}

function validateSpec(document: Document): JobSpec {
  const spec = fillPositive(validate(jobSpecSchema, document, 'job spec', 'JOB_SPEC_INVALID'))
  const problems = sizeProblems(spec, document.locate)
  if (problems.length > 0) throw invalid('job spec', 'JOB_SPEC_INVALID', problems)
  return spec
}

/** The one default that depends on another key. */
function fillPositive(spec: JobSpec): JobSpec {
  if (spec.task.kind !== 'binary-classification' || spec.data.positive !== undefined) return spec
  return { ...spec, data: { ...spec.data, positive: 1 } }
}

/** Bounds on what follows from all keys together. The number of parameters is for planModel of the learning room. */
function sizeProblems(spec: JobSpec, locate: Locate): Problem[] {
  const inputs = spec.data.features.reduce((sum, feature) => sum + inputsOf(feature), 0)
  const bytes = canonicalSpec(spec).length
  const limits: { path: Path; size: number; limit: number; unit: string }[] = [
    { path: ['data', 'features'], size: inputs, limit: maximumInputs, unit: 'input columns' },
    { path: [], size: bytes, limit: maximumBytes, unit: 'bytes in canonical form' },
  ]
  return limits
    .filter(({ size, limit }) => size > limit)
    .map(({ path, size, limit, unit }) => ({
      path: pathText(path),
      found: `${size} ${unit}`,
      expected: `at most ${limit}`,
      position: locate(path),
    }))
}

/** A number, or one column per category; and one for each declared exception. The learning room makes the same. */
function inputsOf(feature: FeatureColumn): number {
  if (feature.type === 'number') return feature.missing === 'indicator' ? 2 : 1
  return feature.values.length + (feature.missing === 'own-column' ? 1 : 0) + (feature.other === 'own-column' ? 1 : 0)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const problem = { path: 'document', found: `text that is not JSON (${printable(error.message)})`, expected: 'JSON' }
    throw invalid('job spec', 'JOB_SPEC_INVALID', [problem])
  }
}

function invalid(what: string, code: JobCode, problems: readonly Problem[]): JobError {
  return new JobError(code, problemsMessage(what, problems), problems)
}
