import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { cliReference } from '../../src/cli/index.ts'
import { exits } from '../../src/cli/exit.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { coffer, jsonLine } from './support.ts'

test('the overview names every verb, the exit codes and the words of other systems', async () => {
  const { code, out, err } = await coffer('--help')
  expect(code).toBe(0)
  expect(err).toBe('')
  for (const { name } of verbs) expect(out).toContain(`  ${name}`)
  for (const each of Object.values(exits)) expect(out).toContain(`exit ${each.code}`)
  expect(out).toContain('guest or active side = label party')
})

test.each(verbs.map(({ name }) => name))('%s --help says usage, options and an example', async (name) => {
  const verb = verbs.find((each) => each.name === name)
  const { code, out } = await coffer(`${name} --help`)
  expect(code).toBe(0)
  expect(out).toContain(`Usage: coffer ${name}`)
  for (const option of Object.keys(verb?.options ?? {})) expect(out).toContain(`--${option}`)
  expect(verb?.examples.length).toBeGreaterThan(0)
})

test('help fits 80 columns, but for examples', async () => {
  for (const words of ['--help', ...verbs.map(({ name }) => `${name} --help`)]) {
    const { out } = await coffer(words)
    const lines = out.split('\nExamples:')[0]?.split('\n') ?? []
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  }
})

test('help of a group, help as a verb, help as JSON', async () => {
  const group = await coffer('run --help')
  expect(group.out).toContain('run submit FILE')
  expect(group.out).not.toContain('model list')
  expect((await coffer('help run list')).out).toContain('Usage: coffer run list')
  expect((await coffer('help')).out).toBe((await coffer('-h')).out)
  expect(jsonLine((await coffer('run list --help --json')).out)).toEqual({ help: expect.stringContaining('Usage') })
})

test('the version', async () => {
  expect((await coffer('--version')).out).toBe('9.9.9\n')
  expect(jsonLine((await coffer('--version --json')).out)).toEqual({ version: '9.9.9' })
})

test('the reference has every verb with its options, and the exit codes', () => {
  const reference = cliReference()
  for (const { name, options } of verbs) {
    expect(reference).toContain(`## ${name}\n`)
    for (const option of Object.keys(options)) expect(reference).toContain(`--${option}`)
  }
  for (const { code, meaning } of Object.values(exits)) expect(reference).toContain(`| ${code} | ${meaning} |`)
})

const run = promisify(execFile)
const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
const version = String(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version)

test('as a process: the version of the package, and a reader that leaves early', async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', main, '--version'])
  expect(stdout.trim()).toBe(version)
  const piped = `set -o pipefail; ${JSON.stringify(process.execPath)} --import tsx ${JSON.stringify(main)} --help | head -1`
  const early = await run('bash', ['-c', piped])
  expect(early.stdout).toContain('Coffer')
  expect(early.stderr).not.toContain('EPIPE')
})
