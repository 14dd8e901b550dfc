/**
 * YAML 1.2 or JSON text becomes a plain value, with a way back from a path to its line.
 *
 * The text is hostile. Size and nesting are bounded before anything recursive touches it; anchors, aliases and tags are
 * refused (an approved document says each value where it stands, and an alias can multiply), and so are keys that are
 * there twice and `__proto__`.
 */
import {
  Composer,
  type CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  visit,
  type YAMLError,
} from 'yaml'
import { type Locate, type Path, type Position, type Problem, printable, show } from './problems.ts'

/** Of a job spec, a policy or a configuration file; coordinator.proto names the same bound. */
export const maximumBytes = 1024 * 1024
/** Open tokens at one place, about two a level. The schemas are at most 8 levels deep, a TensorFlow.js topology 12. */
const maximumDepth = 64
/** Of the text's form: the later ones mostly follow from the first. */
const maximumProblems = 10

export type ReadDocument =
  | { readonly value: unknown; readonly locate: Locate; readonly problems: readonly [] }
  | { readonly problems: readonly Problem[] }

/** Text, or the bytes of a file, which must be UTF-8; a byte order mark is skipped. */
export function readDocument(input: string | Uint8Array): ReadDocument {
  const text = decode(input)
  if (typeof text !== 'string') return { problems: [text] }
  const lines = new LineCounter()
  const at = (offset: number): Position => ({ line: lines.linePos(offset).line, column: lines.linePos(offset).col })
  const tokens = parseTokens(text, lines, at)
  if ('found' in tokens) return { problems: [tokens] }
  const refused = refusals(tokens, at)
  if (refused.length > 0) return { problems: refused }
  // uniqueKeys compares each key of a mapping with each other one: minutes for a megabyte of keys. See repeatedKeys.
  const [document] = [...new Composer({ stringKeys: true, uniqueKeys: false }).compose(tokens)]
  if (document === undefined) return { value: undefined, locate: () => undefined, problems: [] }
  const problems = [
    ...[...document.errors, ...document.warnings].map((error) => syntaxProblem(error, at)),
    ...repeatedKeys(document, at),
  ]
  if (problems.length > 0) return { problems: problems.slice(0, maximumProblems) }
  return { value: document.toJS(), locate: (path) => locate(document.contents, path, at), problems: [] }
}

/** The parser's tokens. Nesting is watched while they are made, because all later steps are recursive. */
function parseTokens(text: string, lines: LineCounter, at: (offset: number) => Position): CST.Token[] | Problem {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > maximumDepth) {
      return refuse(`nesting deeper than ${maximumDepth}`, 'a flatter document', at(parser.offset))
    }
  }
  tokens.push(...parser.end())
  return tokens
}

/** The text of at most 1 MiB, or what is wrong with the bytes. */
export function decode(input: string | Uint8Array): string | Problem {
  const length = typeof input === 'string' ? Buffer.byteLength(input) : input.length
  if (length > maximumBytes) return refuse(`${length} bytes`, `at most ${maximumBytes} bytes (1 MiB)`)
  if (typeof input === 'string') return input.replace(/^\uFEFF/, '')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input)
  } catch (error) {
    if (error instanceof TypeError) return refuse('bytes that are not UTF-8', 'text in UTF-8')
    throw error
  }
}

function refuse(found: string, expected: string, position?: Position): Problem {
  return { path: 'document', found, expected, position }
}

const refusedTokens: Readonly<Record<string, string>> = {
  alias: 'an alias (*)',
  anchor: 'an anchor (&)',
  tag: 'a tag (!)',
  directive: 'a directive (%)',
}
const emptyTokens = ['space', 'comment', 'newline', 'doc-end', 'doc-start', 'byte-order-mark']

/** What is well-formed YAML but not accepted, and what stands outside of the one document. */
function refusals(tokens: readonly CST.Token[], at: (offset: number) => Position): Problem[] {
  const problems: Problem[] = []
  const look = (token: CST.Token | CST.SourceToken): void => {
    if (problems.length >= maximumProblems) return
    const found = refusedTokens[token.type]
    if (found !== undefined) problems.push(refuse(found, 'plain values, written where they stand', at(token.offset)))
    if (!('items' in token)) return
    for (const { start, key, sep, value } of token.items) {
      for (const part of [...start, key, ...(sep ?? []), value]) {
        if (part !== undefined && part !== null) look(part)
      }
    }
  }
  let documents = 0
  for (const token of tokens) {
    if (token.type === 'document') {
      documents += 1
      if (documents > 1) return [refuse('a second document', 'one document', at(token.offset))]
      for (const part of token.start) look(part)
      if (token.value !== undefined) look(token.value)
      const after = token.end?.find(({ type }) => !emptyTokens.includes(type))
      if (after !== undefined) return [refuse('more text after the end', 'one value', at(after.offset))]
    } else if (token.type === 'error') {
      return [refuse(`text that is not YAML (${printable(token.message)})`, 'YAML 1.2 or JSON', at(token.offset))]
    } else if (!emptyTokens.includes(token.type)) look(token)
  }
  return problems
}

function syntaxProblem(error: YAMLError, at: (offset: number) => Position): Problem {
  return refuse(`text that is not YAML (${printable(error.message)})`, 'YAML 1.2 or JSON', at(error.pos[0]))
}

function repeatedKeys(document: Document, at: (offset: number) => Position): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const position = at(key.range?.[0] ?? 0)
        if (seen.has(key.value)) problems.push(refuse(`the key ${show(key.value)} twice`, 'each key once', position))
        // Assigned to an object it would change the object's prototype.
        if (key.value === '__proto__') problems.push(refuse('the key __proto__', 'another key', position))
        seen.add(key.value)
      }
    },
  })
  return problems
}

function locate(contents: ParsedNode | null, path: Path, at: (offset: number) => Position): Position | undefined {
  let node: unknown = contents
  let offset = contents?.range[0]
  for (const key of path) {
    if (isMap<unknown, unknown>(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq<unknown>(node) && typeof key === 'number') {
      node = node.items[key]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset === undefined ? undefined : at(offset)
}

function startOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined
}
