/** From zod's issues to problems that a person can act on: where, what was found, what was expected, what was meant. */
import type * as z from 'zod'
import { chosen, expectation, keysOf, nodeAt, type SchemaNode, valueAt } from './expectation.ts'
import { suggest } from '../errors/index.ts'

export interface Problem {
  /** Such as data.features[3].maximum; `document` for the whole. */
  readonly path: string
  readonly found: string
  readonly expected: string
  readonly suggestion?: string | undefined
  /** Both count from 1; absent where the document was not read from text. */
  readonly position?: Position | undefined
}

export interface Position {
  readonly line: number
  readonly column: number
}

export type Path = readonly PropertyKey[]
/** Where a path begins in the text, or the nearest enclosing place. */
export type Locate = (path: Path) => Position | undefined

/** More would scroll away, and a hostile document could ask for a million. */
const maximumListed = 50

/** In the order of the text; at most one more than are listed in a message. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  document: { readonly value: unknown; readonly locate: Locate },
  schema: SchemaNode,
): Problem[] {
  const problems = issues
    .slice(0, maximumListed + 1)
    .flatMap((issue) => issueProblems(issue, document.value, schema))
    .slice(0, maximumListed + 1)
    .map(({ path, problem }) => ({ ...problem, position: document.locate(path) }))
  // One value may break several rules of its key, which are one expectation.
  const distinct = new Map(problems.map((problem) => [problemText(problem), problem]))
  return [...distinct.values()].sort((a, b) => order(a) - order(b))
}

function order({ position }: Problem): number {
  return position === undefined ? 0 : position.line * 2 ** 21 + position.column
}

interface Placed {
  readonly path: Path
  readonly problem: Problem
}

function issueProblems(issue: z.core.$ZodIssue, value: unknown, schema: SchemaNode): Placed[] {
  const { path } = issue
  const found = valueAt(value, path)
  const node = nodeAt(schema, path, value)
  if (issue.code === 'unrecognized_keys') {
    const mapping = node === undefined ? undefined : chosen(node, found)
    return issue.keys.slice(0, maximumListed + 1).map((key) => unknownKey([...path, key], key, mapping))
  }
  if (issue.code === 'invalid_key') {
    const names = nodeAt(schema, path.slice(0, -1), value)?.propertyNames
    return [place(path, { found: `the key ${show(path.at(-1))}`, expected: expectation(names ?? {}) })]
  }
  if (issue.code === 'custom') return [place(path, { found: show(found), expected: issue.message })]
  const words = (node?.enum ?? []).filter((word) => typeof word === 'string')
  const suggestion = typeof found === 'string' ? suggest(found, words) : undefined
  return [place(path, { found: show(found), expected: expected(node, found), suggestion })]
}

function expected(node: SchemaNode | undefined, found: unknown): string {
  if (node === undefined) return 'another value'
  const unquoted = node.type === 'string' && (typeof found === 'number' || typeof found === 'boolean')
  return unquoted ? `${expectation(node)}, in quotes` : expectation(node)
}

function unknownKey(path: Path, key: string, mapping: SchemaNode | undefined): Placed {
  const suggestion = suggest(key, Object.keys(mapping?.properties ?? {}))
  return place(path, { found: 'an unknown key', expected: keysOf(mapping ?? {}), suggestion })
}

function place(path: Path, problem: Omit<Problem, 'path'>): Placed {
  return { path, problem: { path: pathText(path), ...problem } }
}

export function pathText(path: Path): string {
  if (path.length === 0) return 'document'
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`
      const name = String(key)
      if (!/^[\w-]{1,64}$/.test(name)) return `[${show(name)}]`
      return index === 0 ? name : `.${name}`
    })
    .join('')
}

/** A value in an error message: short, on one line, whatever it is. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return String(value)
  const length = value.length > 60 ? `... (${value.length} characters)` : ''
  return printable(JSON.stringify(value.slice(0, 60))) + length
}

/** Hostile text must not steer the terminal that shows it: control and direction characters become escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function problemText({ path, found, expected, suggestion, position }: Problem): string {
  const meant = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  const where = position === undefined ? '' : ` (line ${position.line}, column ${position.column})`
  return `${path}: found ${found}, expected ${expected}${meant}${where}`
}

/** The message of an error that lists problems, one a line. */
export function problemsMessage(what: string, problems: readonly Problem[]): string {
  const listed = problems.slice(0, maximumListed).map((problem) => `\n  ${problemText(problem)}`)
  const many = problems.length > maximumListed ? `more than ${maximumListed}` : String(problems.length)
  return `${what} has ${problems.length === 1 ? 'a problem' : `${many} problems`}:${listed.join('')}`
}
