/**
 * What a TypeScript file imports, without a compiler (TypeScript 7 has no API for it).
 *
 * First the source is masked: comments and the insides of strings, templates and regular expressions become spaces, so
 * that what remains has every statement at its own offset and nothing that only looks like one. Imports are then found
 * by pattern in the masked text and their specifiers read from the original. A specifier that is not a literal cannot
 * be checked and is reported as `computed`. What it cannot see: imports inside `eval`, and a regular expression literal
 * directly after `)`, which it takes for a division.
 */

export interface Import {
  readonly specifier: string
  readonly how: 'static' | 'type' | 'dynamic' | 'computed'
  /** What stands between the keyword and `from`: `{ a, b as c }`, `* as d`, or nothing. */
  readonly clause: string
}

const clause = String.raw`(?<clause>(?:(?!\b(?:import|export)\b)[\w$\s{},*])*?)`
const statement = new RegExp(
  String.raw`(?<![\w$.])(?:import|export)\b(?<type>\s+type\b(?!\s*(?:,|from\b)))?${clause}\bfrom\s*(?=['"])`,
  'dg',
)
const bare = /(?<![\w$.])import\s*(?=['"])/dg
const call = /(?<![\w$.])(?:import|require|require\.resolve|import\.meta\.resolve)\s*\(\s*/dg
/** A worker's file is loaded like a module: `new URL('./worker.ts', import.meta.url)`. */
const url = /\bnew\s+URL\s*\(\s*(?=['"] *['"]\s*,\s*import\.meta\.url)/dg

export function scanImports(source: string): Import[] {
  const masked = mask(source)
  const found: Import[] = []
  for (const match of masked.matchAll(statement)) {
    const how = match.groups?.type === undefined ? 'static' : 'type'
    found.push({
      specifier: literalAt(source, masked, end(match)) ?? '',
      how,
      clause: match.groups?.clause?.trim() ?? '',
    })
  }
  for (const match of masked.matchAll(bare)) {
    found.push({ specifier: literalAt(source, masked, end(match)) ?? '', how: 'static', clause: '' })
  }
  for (const match of masked.matchAll(url)) {
    const specifier = literalAt(source, masked, end(match)) ?? ''
    if (/\.[cm]?[jt]s$/.test(specifier)) found.push({ specifier, how: 'dynamic', clause: '' })
  }
  for (const match of masked.matchAll(call)) {
    const specifier = literalAt(source, masked, end(match))
    if (specifier === undefined) found.push({ specifier: '', how: 'computed', clause: '' })
    else found.push({ specifier, how: 'dynamic', clause: '' })
  }
  return found
}

const end = (match: RegExpMatchArray): number => (match.index ?? 0) + match[0].length

/** The literal that starts at `at`; a template counts where nothing is put into it. */
function literalAt(source: string, masked: string, at: number): string | undefined {
  const quote = masked[at] ?? ''
  if (!["'", '"', '`'].includes(quote)) return undefined
  const close = masked.indexOf(quote, at + 1)
  const text = source.slice(at + 1, close)
  return quote === '`' && text.includes('${') ? undefined : text
}

/** A '/' after one of these divides; after anything else, or after a keyword, it begins a regular expression. */
const divides = /[\w$)\]}'"`]\s*$/
const keyword = /(?<![\w$.])(?:return|typeof|case|in|of|void|delete|await|yield|throw|do|else)\s*$/

export function mask(source: string): string {
  const out: string[] = []
  // Depths of braces at which a template's `${` was opened: its `}` leads back into the template.
  const templates: number[] = []
  let depth = 0
  let at = 0
  const blank = (to: number): void => {
    out.push(source.slice(at, to).replace(/[^\n]/g, ' '))
    at = to
  }
  const keep = (): void => {
    out.push(source[at] ?? '')
    at += 1
  }
  const template = (): void => {
    const to = endOf(source, at, /\\[\s\S]|\$\{|`/g, ['${', '`'])
    const opened = source.startsWith('${', to)
    blank(to)
    if (opened) {
      keep()
      keep()
      templates.push(depth)
    } else keep()
  }
  while (at < source.length) {
    const char = source[at] ?? ''
    if (source.startsWith('//', at)) blank(endOf(source, at, /\n/g, ['\n']))
    else if (source.startsWith('/*', at)) blank(endOf(source, at + 2, /\*\//g, ['*/']) + 2)
    else if (char === "'" || char === '"') {
      keep()
      blank(endOf(source, at, /\\[\s\S]|['"\n]/g, [char, '\n']))
      keep()
    } else if (char === '`') {
      keep()
      template()
    } else if (char === '/' && beginsRegExp(out)) {
      keep()
      blank(endOf(source, at, /\\.|\[(?:\\.|[^\]\\\n])*\]|[/\n]/g, ['/', '\n']))
      keep()
    } else if (char === '}' && templates.at(-1) === depth) {
      templates.pop()
      keep()
      template()
    } else {
      if (char === '{') depth += 1
      if (char === '}') depth -= 1
      keep()
    }
  }
  return out.join('')
}

function beginsRegExp(out: readonly string[]): boolean {
  const before = out.slice(-200).join('').trimEnd()
  return !divides.test(before) || keyword.test(before)
}

/** Offset of the first match that is one of `closers`; escapes and classes match first and are passed over. */
function endOf(source: string, from: number, pattern: RegExp, closers: readonly string[]): number {
  pattern.lastIndex = from
  for (let match = pattern.exec(source); match !== null; match = pattern.exec(source)) {
    if (closers.includes(match[0])) return match.index
  }
  return source.length
}
