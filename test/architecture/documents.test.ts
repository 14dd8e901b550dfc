/** The documents say what the code does: generated pages are fresh, codes are tested, dependencies are explained. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documents, errorFamilies } from '../../scripts/documents.ts'
import { parseJobSpec } from '../../src/job/index.ts'
import { readTree, root } from './tree.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const families = await errorFamilies()
const codes = families.flatMap(({ table }) => Object.keys(table))

test('the generated documents are fresh', async () => {
  const stale = [...(await documents())].filter(([path, text]) => read(path) !== text).map(([path]) => path)
  expect(stale, 'run `npm run docs`').toEqual([])
})

test('a code belongs to one room', () => {
  expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
})

test('every code is provoked by a test', () => {
  const tests = [...readTree(['test'])].map(([, source]) => source).join('\n')
  const untested = families.flatMap(({ folder, table }) =>
    Object.keys(table)
      .filter((code) => !new RegExp(`['"\`]${code}\\b`).test(tests))
      .map((code) => `${folder}: ${code}`),
  )
  expect(untested).toEqual([])
})

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
  readonly scripts: Record<string, string>
}
const manifest: Manifest = JSON.parse(read('package.json'))

test('docs/dependencies.md names every dependency with its version, and no other', () => {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^ |]+) \|/gm)]
  const documented = Object.fromEntries(rows.map(([, name = '', version = '']) => [name, version]))
  expect(documented).toEqual(declared)
})

test('every version is exact', () => {
  const versions = Object.values({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  })
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([])
})

test('every `npm run` of the documents exists', () => {
  const pages = [...readTree(['README.md', 'docs'], /\.md$/)]
  const called = pages.flatMap(([path, text]) =>
    [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, script = '']) => ({ path, script })),
  )
  expect(called.length).toBeGreaterThan(0)
  expect(called.filter(({ script }) => !(script in manifest.scripts))).toEqual([])
})

test('every link between documents leads somewhere', () => {
  const pages = readTree(['README.md', 'docs'], /\.md$/)
  const broken = [...pages].flatMap(([path, text]) =>
    [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target = '']) => join(path, '..', target))
      .filter((target) => !pages.has(target) && readTree([target], /./).size === 0)
      .map((target) => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every job spec in the documents is valid', () => {
  const specs = blocks('yaml').filter((text) => text.startsWith('version: 1'))
  expect(specs.length).toBeGreaterThan(0)
  for (const spec of specs) expect(() => parseJobSpec(spec)).not.toThrow()
})

test('every verb and option in the documents exists', () => {
  const sections = read('docs/cli.md').split(/^## /m)
  const commands = blocks('sh').flatMap((text) => [...text.matchAll(/^coffer (.+)$/gm)].map(([, rest = '']) => rest))
  expect(commands.length).toBeGreaterThan(10)
  const unknown = commands.filter((command) => {
    const section = sections.find((each) => `${command} `.startsWith(`${each.split('\n')[0]} `))
    const options = command.match(/--[a-z-]+/g) ?? []
    return section === undefined || !options.every((option) => `${section}${sections[2]}`.includes(`\`${option}`))
  })
  expect(unknown).toEqual([])
})

/** Fenced blocks of the hand-written pages; a mark after the language does not matter. */
function blocks(language: string): string[] {
  const pages = [...readTree(['README.md', 'docs'], /\.md$/).values()].join('\n')
  return [...pages.matchAll(new RegExp(`^\`\`\`${language}(?: \\w+)?\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  )
}
