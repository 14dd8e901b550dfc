/**
 * Each rule of biome.json that the house depends on is shown to fail: a tree of planted trespasses is linted with our
 * own configuration, and every file must be caught by exactly the rule it breaks. A rule that Biome renames or that an
 * override silences turns up here.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './tree.ts'

const long = Array.from({ length: 301 }, (_, n) => `export const a${n} = ${n}`).join('\n')
const tall = `export function f(): void {\n${Array.from({ length: 62 }, (_, n) => `  g(${n})`).join('\n')}\n}\nfunction g(_n: number): void { return }\n`

/** file -> [rule that catches it, source]; '' means: allowed there. */
const planted: Record<string, readonly [rule: string, source: string]> = {
  'src/job/clock.ts': ['noJsRestrictedProperties', 'export const at = (): number => Date.now()\n'],
  'src/learning/dice.ts': ['noJsRestrictedProperties', 'export const at = (): number => Math.random()\n'],
  'src/round/timer.ts': [
    'noRestrictedGlobals',
    'export const later = (f: () => void): void => void setTimeout(f, 1)\n',
  ],
  'src/errors/shell.ts': ['noRestrictedGlobals', 'export const where = (): string => process.cwd()\n'],
  'src/update/web.ts': ['noRestrictedGlobals', "export const get = (): Promise<Response> => fetch('x')\n"],
  'src/ledger/log.ts': ['noRestrictedGlobals', "export const say = (): void => console.log('x')\n"],
  'src/crypto/file.ts': ['noRestrictedImports', "export { readFileSync } from 'node:fs'\n"],
  'src/crypto/promised.ts': ['noRestrictedImports', "export { readFile } from 'node:fs/promises'\n"],
  'src/crypto/hash.ts': ['', "export { createHash } from 'node:crypto'\n"],
  'src/alignment/wire.ts': ['noRestrictedImports', "export { Server } from '@grpc/grpc-js'\n"],
  'src/attestation/base.ts': ['noRestrictedImports', "export { Kysely } from 'kysely'\n"],
  'src/rpc/environment.ts': ['noProcessEnv', 'export const home = process.env.HOME\n'],
  'src/cli/environment.ts': ['', 'export const home = process.env.HOME\n'],
  'src/rpc/print.ts': ['noConsole', "export const say = (): void => console.log('x')\n"],
  'parties/print.ts': ['noConsole', "export const say = (): void => console.log('x')\n"],
  'src/cli/print.ts': ['', "export const say = (): void => console.log('x')\n"],
  'src/rpc/floating.ts': ['noFloatingPromises', 'async function f(): Promise<void> {\n  await 1\n}\nf()\n'],
  'src/rpc/misused.ts': [
    'noMisusedPromises',
    'async function f(): Promise<boolean> {\n  return await Promise.resolve(true)\n}\nexport const g = (): number => { if (f()) return 1\n return 2 }\n',
  ],
  'src/rpc/ring-a.ts': ['noImportCycles', "import { b } from './ring-b.ts'\nexport const a = (): number => b()\n"],
  'src/rpc/ring-b.ts': ['noImportCycles', "import { a } from './ring-a.ts'\nexport const b = (): number => a()\n"],
  'src/rpc/unused-import.ts': ['noUnusedImports', "import { join } from 'node:path'\nexport const a = 1\n"],
  'src/rpc/unused.ts': ['noUnusedVariables', 'const b = 2\nexport const a = 1\n'],
  'src/rpc/type.ts': ['useImportType', "import { Server } from 'node:net'\nexport type A = Server\n"],
  'src/rpc/loose.ts': ['noExplicitAny', 'export const a = (x: any): string => String(x)\n'],
  'src/rpc/bang.ts': ['noNonNullAssertion', 'export const a = (x: string | undefined): number => x!.length\n'],
  'src/rpc/default.ts': ['noDefaultExport', 'export default 1\n'],
  'tool.config.ts': ['', 'export default 1\n'],
  'src/rpc/extension.ts': ['useImportExtensions', "export { b } from './ring-b'\n"],
  'src/rpc/property.ts': ['noParameterProperties', 'export class A {\n  constructor(readonly x: number) {}\n}\n'],
  'src/rpc/enum.ts': ['noEnum', 'export enum A {\n  B = 1,\n}\n'],
  'src/rpc/silent.ts': ['noEmptyBlockStatements', 'export function a(): void {\n  try {\n    a()\n  } catch {}\n}\n'],
  'src/rpc/scream.ts': ['useThrowOnlyError', "export function a(): void {\n  throw 'x'\n}\n"],
  'src/rpc/unlisted.ts': ['noUndeclaredDependencies', "export { chunk } from 'lodash'\n"],
  'src/rpc/tests-only.ts': ['noUndeclaredDependencies', "export { test } from 'vitest'\n"],
  'src/rpc/long.ts': ['noExcessiveLinesPerFile', `${long}\n`],
  'src/rpc/tall.ts': ['noExcessiveLinesPerFunction', tall],
  'src/rpc/CamelCase.ts': ['useFilenamingConvention', 'export const a = 1\n'],
  'test/rpc/only.test.ts': ['noFocusedTests', "import { test } from 'vitest'\ntest.only('x', () => undefined)\n"],
}

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'coffer-lint-')))
const found = new Map<string, Set<string>>()

beforeAll(() => {
  for (const name of ['biome.json', 'package.json', 'tsconfig.json']) cpSync(join(root, name), join(directory, name))
  for (const [path, [, source]] of Object.entries(planted)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), source)
  }
  for (const { path, rule } of lint(directory)) found.set(path, (found.get(path) ?? new Set()).add(rule))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test.each(Object.entries(planted))('%s', (path, [rule]) => {
  const rules = [...(found.get(path) ?? [])]
  if (rule === '') expect(rules).toEqual([])
  else expect(rules).toContain(rule)
})

/** Biome's findings in `directory`; it exits with 1 when there are any, and prints them as GitHub annotations. */
function lint(directory: string): { path: string; rule: string }[] {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const options = ['lint', '--reporter=github', '--max-diagnostics=none', directory]
  const text = run(process.execPath, [biome, ...options], directory)
  const annotation = /title=lint\/\w+\/(\w+),file=([^,]+)/g
  return [...text.matchAll(annotation)].map(([, rule = '', path = '']) => ({ rule, path: relative(directory, path) }))
}

function run(command: string, options: string[], cwd: string): string {
  try {
    return execFileSync(command, options, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string') return error.stdout
    throw error
  }
}
