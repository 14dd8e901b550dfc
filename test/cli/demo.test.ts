/** The demo: real processes, so few tests, and each looks at several things. */
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createProcesses } from '../../src/cli/demo/processes.ts'
import { resultLines } from '../../src/cli/demo/result.ts'
import { startTampered } from '../../src/cli/demo/tampered.ts'
import { CliError, createContext } from '../../src/cli/index.ts'
import { parseSignedPolicy, signedPolicyText, signPolicy } from '../../src/job/index.ts'
import { loansCsv } from '../support/loans.ts'
import { coffer, createTestIo, jsonLine } from './support.ts'

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
  // Looked for in the data directory too.
  const files = ['--data', data, '--id', 'id', '--label', 'default', '--holdout', 'holdout.csv']
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
    attestation: { simulated: true, tampered: { refused: true, code: 'APPRAISAL_MEASUREMENT' } },
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
  await coffer(['init', 'federation', 'north', '--simulated', '--home', home], { now: Date.now })
  await using processes = createProcesses(directory)
  const words = ['aggregator', '--home', join(home, 'aggregator'), '--listen', '127.0.0.1:0']
  const { child } = await processes.start('aggregator', words)
  const exit = once(child, 'exit')
  child.disconnect()
  expect(await exit).toEqual([0, null])
})

test('a changed aggregator that a party accepts fails the demo', { timeout }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  const home = join(directory, 'federation')
  const make = (...words: string[]) => coffer([...words, '--home', home], { now: Date.now })
  await make('init', 'federation', 'north', '--simulated')
  const key = createPrivateKey(readFileSync(join(home, 'organisations/founder.key.pem')))
  const file = join(home, 'attestation-policy.json')
  const { policy } = parseSignedPolicy(readFileSync(file, 'utf8'), file)
  const { aggregator } = policy.roles
  const programs = aggregator.programs.map((program) =>
    program.tee === 'tdx' ? { ...program, rtmr3: 'any' as const } : program,
  )
  const lax = { ...policy, roles: { aggregator: { ...aggregator, programs } } }
  const text = signedPolicyText(signPolicy({ policy: lax, signatures: [] }, 'founder', key))
  for (const each of [file, join(home, 'aggregator/attestation-policy.json')]) writeFileSync(each, text)
  const bank = join(home, 'parties/bank-a')
  await coffer(['init', 'party', 'bank-a', '--federation', home, '--home', bank], { now: Date.now })
  await using processes = createProcesses(directory)
  const flags = { home, homeGiven: true, json: false, verbose: false, quiet: true }
  const context = createContext(createTestIo({ now: Date.now }), flags)
  const started = startTampered(context, directory, bank, processes)
  await expect(started).rejects.toMatchObject({
    code: 'CLI_DEMO_TAMPERED',
    message: expect.stringContaining('accepted'),
  })
})

test('the table says why its AUC is another one than that of the live view', () => {
  const metrics = { auc: 0.8, ks: 0.4 }
  const alone = [{ name: 'bank-a', rows: 10, metrics }]
  const lines = resultLines({
    alone,
    federated: metrics,
    pooled: metrics,
    rounds: 2,
    seconds: 1,
    ceiling: undefined,
    holdoutRows: 5,
    tampered: { address: '', record: '', refusal: new CliError('CLI_DEMO_RUN', 'refused') },
  })
  expect(lines.filter((line) => line.includes('live view'))).toHaveLength(1)
})

describe('unusable arguments', () => {
  const data = banks(60)
  const cases: [string, string[], RegExp][] = [
    ['--id without --data', ['--id', 'id'], /--id goes with --data/],
    ['--data without --label', ['--data', '.', '--id', 'id'], /needs --id COLUMN and --label COLUMN/],
    ['a directory that is not there', ['--data', 'nowhere', '--id', 'id', '--label', 'y'], /cannot be listed/],
    ['a column that is not there', ['--data', '.', '--id', 'id', '--label', 'nope'], /nope/],
    ['no rounds', ['--rounds', '0'], /--rounds is 0, expected 1 to 10000\n/],
    ['a negative seed', ['--seed=-1'], /--seed is -1, expected 0 to 4294967295/],
    [
      'a hold-out file that is nowhere',
      ['--data', '.', '--id', 'id', '--label', 'y', '--holdout', 'none.csv'],
      /no hold-out file .*none\.csv/,
    ],
  ]
  test.each(cases)('%s', async (_, options, message) => {
    const place = mkdtempSync(join(tmpdir(), 'coffer-test-'))
    vi.stubEnv('TMPDIR', place)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { code, err } = await coffer(['demo', ...options], { now: Date.now, cwd: data })
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(readdirSync(place)).toEqual([])
  })
})
