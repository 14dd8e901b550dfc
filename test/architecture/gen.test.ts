/** src/gen is what `npm run gen` makes of proto/: byte by byte, no file more and none fewer. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './tree.ts'

test('the generated types are fresh', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'coffer-gen-'))
  onTestFinished(() => rmSync(fresh, { recursive: true }))
  execFileSync(process.execPath, ['--import', 'tsx', join(root, 'scripts/gen.ts'), fresh], { cwd: root, stdio: 'pipe' })
  const [committed, made] = [contents(join(root, 'src/gen')), contents(fresh)]
  const stale = [...new Set([...committed.keys(), ...made.keys()])].filter(
    (path) => committed.get(path) !== made.get(path),
  )
  expect(stale, 'run `npm run gen`').toEqual([])
})

function contents(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(paths.sort().map((path) => [path.slice(directory.length), readFileSync(path, 'utf8')]))
}
