/**
 * docs/trust.md makes no claim without the check behind it: every refusal of attestation has a row, every code and file
 * that the page names exists, the named code refuses with that code, and the named test provokes it. Each rule is shown
 * to fail.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorFamilies } from '../../scripts/documents.ts'
import { faults } from '../../src/tee/simulator/index.ts'
import { readTree, root, type Tree } from './tree.ts'

const families = await errorFamilies()
const everyCode = families.flatMap(({ table }) => Object.keys(table))
/** Families of which each code has to have a row. */
const familiesOfTrust =
  /^(?:EVIDENCE|SESSION|APPRAISAL|ATTESTATION_POLICY|COLLATERAL|RECORD|TEE_RTMR)_|^PEER_(?:NOT|CANNOT)_ATTEST/

interface Known {
  readonly codes: readonly string[]
  readonly faults: readonly string[]
  readonly tree: Tree
}

interface Row {
  readonly threat: string
  readonly codes: readonly string[]
  readonly faults: readonly string[]
  readonly sources: readonly string[]
  readonly tests: readonly string[]
}

/** Every table of the page with these four columns. */
const header = '| threat | refused with | code | test |'

function readRows(page: string): Row[] {
  const lines = page.split('\n')
  const starts = lines.flatMap((line, at) => (line === header ? [at + 2] : []))
  return starts.flatMap((start) => {
    const length = lines.slice(start).findIndex((line) => !line.startsWith('|'))
    return lines.slice(start, start + length).map(readRow)
  })
}

function readRow(line: string): Row {
  const [threat = '', codes = '', sources = '', tests = ''] = line.split('|').slice(1)
  const marked = (cell: string, form: RegExp) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text).filter((text) => form.test(text))
  return {
    threat: threat.trim(),
    codes: marked(codes, /^[A-Z_]+$/),
    faults: marked(threat, /^[a-z0-9]+(?:-[a-z0-9]+)+$/),
    sources: marked(sources, /\.ts$/),
    tests: marked(tests, /\.test\.ts$/),
  }
}

const names = (source: string, code: string): boolean => new RegExp(`['"\`](?:[A-Z_]+ )*${code}\\b`).test(source)

/** As a literal, or as a template that leads to it: `EVIDENCE_${name}_EARLY`. */
function refusesWith(source: string, code: string): boolean {
  const templates = [...source.matchAll(/`([A-Z_]+)\$\{\w+\}([A-Z_]+)`/g)]
  return (
    names(source, code) ||
    templates.some(([, before = '', after = '']) => new RegExp(`^${before}[A-Z_]+${after}$`).test(code))
  )
}

function rowTrespasses({ threat, codes, faults: issued, sources, tests }: Row, known: Known): string[] {
  const inAny = (paths: readonly string[], test: (source: string) => boolean) =>
    paths.some((path) => test(known.tree.get(path) ?? ''))
  const empty = codes.length === 0 || sources.length === 0 || tests.length === 0
  return [
    ...(empty ? [`${threat}: a row without a code, a file or a test`] : []),
    ...codes
      .filter((code) => !inAny(sources, (source) => refusesWith(source, code)))
      .map((code) => `${threat}: ${sources.join(', ')} does not refuse with ${code}`),
    ...codes
      .filter((code) => !inAny(tests, (source) => names(source, code)))
      .map((code) => `${threat}: ${tests.join(', ')} does not expect ${code}`),
    ...issued.filter((fault) => !known.faults.includes(fault)).map((fault) => `${threat}: nothing issues ${fault}`),
    ...issued
      .filter((fault) => !inAny(tests, (source) => source.includes(`'${fault}'`)))
      .map((fault) => `${threat}: ${tests.join(', ')} does not use ${fault}`),
  ]
}

function trespasses(page: string, known: Known): string[] {
  const rows = readRows(page)
  const told = new Set(rows.flatMap(({ codes }) => codes))
  const written = [...page.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([code]) => code)
  const prefixes = new Set(known.codes.map((code) => code.split('_')[0]))
  const paths = [...page.matchAll(/`((?:src|parties|test|docs|deploy|scripts|proto|benchmarks)\/[^`\s*]+)`/g)]
  const exists = (path: string) => known.tree.has(path) || [...known.tree.keys()].some((each) => each.startsWith(path))
  return [
    ...known.codes.filter((code) => familiesOfTrust.test(code) && !told.has(code)).map((code) => `${code}: no row`),
    ...written
      .filter((code) => prefixes.has(code.split('_')[0]) && !known.codes.includes(code) && !notCodes.has(code))
      .map((code) => `${code}: no such code`),
    ...paths.flatMap(([, path = '']) => (exists(path) ? [] : [`${path}: no such file`])),
    ...rows.flatMap((row) => rowTrespasses(row, known)),
  ]
}

/** Intel's words that look like codes. */
const notCodes = new Set(['TEE_TCB_SVN'])

const tree = readTree(['src', 'parties', 'test', 'docs', 'deploy', 'scripts', 'proto', 'benchmarks'], /./)

describe('docs/trust.md', () => {
  const page = readFileSync(join(root, 'docs/trust.md'), 'utf8')

  test('claims what is checked, and tells every check', () => {
    expect(trespasses(page, { codes: everyCode, faults: Object.keys(faults), tree })).toEqual([])
  })

  test('has a row for each threat, not a few for all', () => {
    expect(readRows(page).length).toBeGreaterThan(60)
  })
})

const planted = {
  codes: ['EVIDENCE_BINDING', 'SESSION_NONCE', 'CLI_OTHER'],
  faults: ['td-debug'],
  tree: new Map([
    ['src/a.ts', "check('EVIDENCE_BINDING')\nrefuse('SESSION_NONCE')"],
    ['test/a.test.ts', "'td-debug': 'EVIDENCE_BINDING SESSION_NONCE'"],
    ['test/empty.test.ts', ''],
  ]),
}
const good = '| replay | `EVIDENCE_BINDING`, `SESSION_NONCE` | `src/a.ts` | `test/a.test.ts` |'
const tableOf = (...rows: readonly string[]) => [header, '|---|---|---|---|', ...rows, ''].join('\n')

describe('planted trespasses', () => {
  test.each<[string, string, readonly string[]]>([
    ['nothing', tableOf(good), []],
    ['a named fault', tableOf(good.replace('replay', 'debug, `td-debug`')), []],
    ['a missing row', tableOf(good.replace('`EVIDENCE_BINDING`, ', '')), ['EVIDENCE_BINDING: no row']],
    [
      'a row in prose only',
      `${tableOf(good.replace('`EVIDENCE_BINDING`, ', ''))}\n\`EVIDENCE_BINDING\``,
      ['EVIDENCE_BINDING: no row'],
    ],
    ['a code that is none', `${tableOf(good)}\nrefused: SESSION_NONSENSE`, ['SESSION_NONSENSE: no such code']],
    ['a file that is none', `${tableOf(good)}\nsee \`src/gone.ts\``, ['src/gone.ts: no such file']],
    [
      'a file that does not refuse',
      tableOf(good.replace('src/a.ts', 'test/empty.test.ts')),
      [
        'replay: test/empty.test.ts does not refuse with EVIDENCE_BINDING',
        'replay: test/empty.test.ts does not refuse with SESSION_NONCE',
      ],
    ],
    [
      'a test that does not expect it',
      tableOf(good.replace('test/a.test.ts', 'test/empty.test.ts')),
      [
        'replay: test/empty.test.ts does not expect EVIDENCE_BINDING',
        'replay: test/empty.test.ts does not expect SESSION_NONCE',
      ],
    ],
    [
      'a fault that nothing issues',
      tableOf(good.replace('replay', '`td-gone`')),
      ['`td-gone`: nothing issues td-gone', '`td-gone`: test/a.test.ts does not use td-gone'],
    ],
    [
      'a row without a test',
      tableOf(good, '| hope | `SESSION_NONCE` | `src/a.ts` | by reading |'),
      ['hope: a row without a code, a file or a test', 'hope:  does not expect SESSION_NONCE'],
    ],
    ['no table at all', 'everything is checked', ['EVIDENCE_BINDING: no row', 'SESSION_NONCE: no row']],
  ])('%s', (_what, page, expected) => {
    expect(trespasses(page, planted)).toEqual(expected)
  })

  test('a code made from a template counts, another one does not', () => {
    const source = 'run.within(a, b, `EVIDENCE_${name}_EARLY`)'
    expect(refusesWith(source, 'EVIDENCE_TCB_INFO_EARLY')).toBe(true)
    expect(refusesWith(source, 'EVIDENCE_TCB_INFO_EXPIRED')).toBe(false)
  })
})
