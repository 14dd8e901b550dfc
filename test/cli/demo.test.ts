/** The demo: real processes, so few tests, and each looks at several things. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProcesses } from '../../src/cli/demo/processes.ts'
import { CliError } from '../../src/cli/index.ts'
import { loansCsv } from '../support/loans.ts'
import { coffer, jsonLine } from './support.ts'

const timeout = 120_000

/** With the real time: the programs are processes of their own. */
const demo = (...words: string[]) => coffer(['demo', ...words], { now: Date.now })

function banks(rows: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  for (const name of ['Bank A', 'bank_b']) writeFileSync(join(directory, `${name}.csv`), loansCsv(name, rows))
  writeFileSync(join(directory, 'holdout.csv'), loansCsv('holdout', 500))
  return directory
}

test('--data trains on every file of a directory and prints one JSON object', { timeout }, async () => {
  const data = banks(600)
  const files = ['--data', data, '--id', 'id', '--label', 'default', '--holdout', join(data, 'holdout.csv')]
  const { code, out } = await demo(...files, '--model', 'logistic', '--rounds', '4', '--seed', '3', '--json')
  expect(code).toBe(0)
  const score = { auc: expect.any(Number), ks: expect.any(Number) }
  expect(jsonLine(out)).toEqual({
    parties: [
      { name: 'bank-a', rows: 600, alone: score },
      { name: 'bank-b', rows: 600, alone: score },
    ],
    federated: score,
    pooled: score,
    rounds: 4,
    seconds: expect.any(Number),
  })
})

test('a run that is not finished ends the demo with the reason and where the logs are', { timeout }, async () => {
  const data = banks(40)
  const { code, out } = await demo('--data', data, '--id', 'id', '--label', 'default', '--json')
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({
    error: { code: 'CLI_DEMO_RUN', message: expect.stringMatching(/rejected.*POLICY_ROWS.*logs/s) },
  })
})

test('a program that does not start is named, with its log', { timeout }, async () => {
  const logs = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  mkdirSync(join(logs, 'home'))
  await using processes = createProcesses(logs)
  const start = processes.start('aggregator', ['aggregator', '--home', join(logs, 'home')])
  await expect(start).rejects.toThrow(CliError)
  await expect(start).rejects.toMatchObject({
    code: 'CLI_DEMO_PROGRAM',
    message: expect.stringContaining(join(logs, 'aggregator.log')),
  })
})

test('a program ends when its parent is gone, however the parent went', { timeout }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  const home = join(directory, 'federation')
  await coffer(['init', 'federation', 'north', '--home', home], { now: Date.now })
  await using processes = createProcesses(directory)
  const words = ['aggregator', '--home', join(home, 'aggregator'), '--listen', '127.0.0.1:0']
  const child = await processes.start('aggregator', words)
  const exit = once(child, 'exit')
  child.disconnect()
  expect(await exit).toEqual([0, null])
})

describe('unusable arguments', () => {
  const cases: [string, string[], RegExp][] = [
    ['--id without --data', ['--id', 'id'], /--id goes with --data/],
    ['--data without --label', ['--data', '.', '--id', 'id'], /needs --id COLUMN and --label COLUMN/],
    ['a directory that is not there', ['--data', 'nowhere', '--id', 'id', '--label', 'y'], /cannot be listed/],
    ['no rounds', ['--rounds', '0'], /rounds/],
  ]
  test.each(cases)('%s', async (_, options, message) => {
    const { code, err } = await demo(...options)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})
