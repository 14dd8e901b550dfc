/** `simulate`: real runs of all programs in this process, with few parties and rows so that each takes seconds. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createAbsences, emptiestRound } from '../../src/cli/simulate/absences.ts'
import { simulatedJob } from '../../src/cli/simulate/job.ts'
import { checkOptions } from '../../src/cli/simulate/options.ts'
import { modelOfSize } from '../../src/cli/simulate/size.ts'
import { planModel } from '../../src/learning/index.ts'
import { parseJobSpec } from '../../src/job/index.ts'
import { coffer, createTestIo, jsonLine } from './support.ts'
import { main } from '../../src/cli/index.ts'

vi.setConfig({ testTimeout: 120_000 })

const rounds = 4
const spec = {
  version: 1,
  name: 'rehearsal',
  task: { kind: 'binary-classification' },
  model: { kind: 'logistic' },
  data: {
    dataset: 'loans',
    id: 'customer',
    label: 'default',
    features: [
      { name: 'income', type: 'number', minimum: 0, maximum: 200_000 },
      { name: 'utilisation', type: 'number', minimum: 0, maximum: 2, missing: 'indicator' },
      { name: 'purpose', type: 'category', values: ['car', 'home'], other: 'own-column' },
    ],
  },
  parties: ['bank-a', 'bank-b', 'bank-c'],
  rounds: { count: rounds, quorum: 3, deadlineSeconds: 60 },
  training: { epochs: 2, batch: 16, learningRate: 0.05 },
  seed: 3,
}

function directory(): string {
  return mkdtempSync(join(tmpdir(), 'coffer-simulate-'))
}

function jobFile(changes: object = {}): string {
  const path = join(directory(), 'job.json')
  writeFileSync(path, JSON.stringify({ ...spec, ...changes }))
  return path
}

interface Round {
  readonly round: number
  readonly task: string
  readonly contributors: number
  readonly missing: number
  readonly metrics: { readonly auc?: number }
  readonly seconds: number
}
interface Result {
  readonly parties: number
  readonly parameters: number
  readonly training: string
  readonly changes: readonly string[]
  readonly rounds: readonly Round[]
  readonly state: string
  readonly metrics: { readonly auc?: number }
  readonly modelDigest: string
}

const simulate = (...words: string[]) => coffer(['simulate', ...words], { now: Date.now })

async function played(...words: string[]): Promise<Result> {
  const { code, out, err } = await simulate(...words, '--json')
  expect({ code, err: code === 0 ? '' : out + err }).toEqual({ code: 0, err: '' })
  return jsonLine(out) as Result
}

test('twelve parties learn a planted rule, and the model is the same however the work was shared', async () => {
  const job = jobFile()
  const first = await played(job, '--parties', '12', '--backend', 'cpu', '--rows', '60')
  expect(first).toEqual({
    parties: 12,
    parameters: 7,
    training: 'real',
    simulated: true,
    changes: expect.arrayContaining([
      'parties: 12, sim-001 to sim-012, instead of those named',
      'rounds.quorum: 12 instead of 3',
      'rounds.deadlineSeconds: 600 instead of 60',
    ]),
    rounds: Array.from({ length: rounds + 2 }, (_, round) => ({
      round,
      task: round === 0 ? 'statistics' : round <= rounds ? 'train' : 'evaluate',
      contributors: 12,
      missing: 0,
      metrics: round === 0 ? {} : expect.objectContaining({ auc: expect.any(Number) }),
      seconds: expect.any(Number),
    })),
    state: 'finished',
    reason: '',
    metrics: expect.objectContaining({ auc: expect.any(Number) }),
    modelDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    seconds: expect.any(Number),
    rss: { peak: expect.any(Number) },
    eventLoop: { maxMs: expect.any(Number) },
    receipts: expect.any(Number),
    errors: 0,
  })
  expect(first.metrics.auc).toBeGreaterThan(0.7)
  const again = await played(job, '--parties', '12', '--backend', 'cpu', '--rows', '60', '--threads', '3')
  expect(again.modelDigest).toBe(first.modelDigest)
  const others = await played(job, '--parties', '12', '--backend', 'cpu', '--rows', '60', '--seed', '4')
  expect(others.modelDigest).not.toBe(first.modelDigest)
})

test('parties that drop are missing in their rounds only, no round is lost, and the model is the same each time', async () => {
  const job = jobFile()
  const words = [job, '--parties', '12', '--drop', '0.3', '--params', '500', '--rounds', '6']
  const first = await played(...words)
  const absences = createAbsences(
    Array.from({ length: 12 }, (_, i) => String(i)),
    0.3,
    spec.seed,
  )
  const missing = Array.from({ length: 8 }, (_, round) => absences.in(round).size)
  expect(first.rounds.map((round) => round.missing)).toEqual(missing)
  expect(first.rounds.map((round) => round.contributors)).toEqual(missing.map((gone) => 12 - gone))
  expect(first).toMatchObject({ state: 'finished', training: 'made up', metrics: {} })
  // Quorum was all three of three: here all that are left in the emptiest round.
  expect(first.changes).toContain(`rounds.quorum: ${12 - Math.max(...missing)} instead of 3`)
  expect((await played(...words)).modelDigest).toBe(first.modelDigest)
})

test('--params makes a model of about that size and says that nothing was learnt', async () => {
  const { code, out, err } = await simulate(jobFile(), '--parties', '5', '--params', '2000', '--rounds', '1')
  expect(code).toBe(0)
  expect(out).toMatch(/MADE-UP updates: nothing was learnt/)
  expect(out).not.toMatch(/AUC/)
  expect(out).toMatch(/SIMULATED TEE/)
  expect(err).toMatch(/model: mlp \[\d+\] instead of logistic/)
  expect(err).toMatch(/round 1\/1: 5 parties/)
})

test('--data splits a file over the parties by its ids, and --out exports the model', async () => {
  const place = directory()
  const rows = Array.from({ length: 300 }, (_, i) => {
    const income = 1_000 * (i % 150)
    return `c${i},${income},${i % 7 === 0 ? '' : (i % 20) / 10},${i % 3 === 0 ? 'car' : 'boat'},${income > 75_000 ? 0 : 1}`
  })
  const data = join(place, 'rows.csv')
  writeFileSync(data, ['customer,income,utilisation,purpose,default', ...rows, ''].join('\n'))
  const out = join(place, 'model')
  const result = await played(jobFile(), '--parties', '4', '--data', data, '--out', out, '--backend', 'cpu')
  expect(result.state).toBe('finished')
  expect(result.metrics.auc).toBeGreaterThan(0.8)
  expect(existsSync(join(out, 'model.json'))).toBe(true)

  const refused = await simulate(jobFile(), '--parties', '200', '--data', data, '--json')
  expect(refused.code).toBe(2)
  expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'CLI_SIMULATION_ROWS' } })
})

test('regression and several classes can be simulated too', async () => {
  const regression = { task: { kind: 'regression', minimum: 0, maximum: 10 }, model: { kind: 'mlp', hidden: [4] } }
  const numbers = await played(jobFile(regression), '--parties', '3', '--backend', 'cpu', '--rounds', '2')
  expect(numbers).toMatchObject({ state: 'finished', metrics: { mse: expect.any(Number) } })
  const several = { task: { kind: 'multiclass-classification', classes: ['a', 'b', 'c'] } }
  const classes = await played(jobFile(several), '--parties', '3', '--backend', 'cpu', '--rounds', '2', '--shift', '1')
  expect(classes).toMatchObject({ state: 'finished', metrics: { accuracy: expect.any(Number) } })
})

test.each([['0'], ['0.2']])('Ctrl-C ends everything, with --drop %s', async (drop) => {
  const io = createTestIo({ now: Date.now })
  const words = ['simulate', jobFile(), '--parties', '12', '--params', '100', '--rounds', '500', '--drop', drop]
  const ending = main(words, io)
  expect(await Promise.race([io.until('round 2/').then(() => 'playing'), ending])).toBe('playing')
  io.signal('SIGINT')
  expect(await ending).toBe(130)
  expect(io.err()).toMatch(/interrupted; nothing is left running/)
})

test('a run that does not finish ends with exit code 1 and its reason', async () => {
  // Steps so large that no update fits the encoding.
  const job = jobFile({
    encoding: { bits: 8, range: 1 },
    training: { learningRate: 10, epochs: 5, batch: 1, optimizer: 'sgd' },
  })
  const { code, out } = await simulate(job, '--parties', '3', '--backend', 'cpu', '--json')
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({
    state: 'abandoned',
    reason: expect.stringMatching(/round 1/),
    modelDigest: null,
  })
})

test.each([
  [['--json'], '--parties N is missing'],
  [['--parties', '1'], '--parties is 1, expected 2 to 1024'],
  [['--parties', '4', '--drop', '1'], '--drop is "1"'],
  [['--parties', '4', '--drop', 'often'], '--drop is "often"'],
  [['--parties', '4', '--shift', '9'], '--shift is "9"'],
  [['--parties', '4', '--rows', '1'], '--rows is 1'],
  [['--parties', '4', '--data', 'x.csv', '--rows', '20'], '--rows does not go with --data'],
  [['--parties', '4', '--params', '9', '--out', 'x'], '--out does not go with --params'],
])('options that cannot be used are refused before anything is made: %s', async (words, message) => {
  const { code, err, out } = await simulate(jobFile(), ...words)
  expect(code).toBe(2)
  expect(err + out).toContain(message)
  expect(err + out).toContain('CLI_ARGUMENT_INVALID')
})

test('drops that leave nobody to sum with are refused before the run', async () => {
  const { code, out } = await simulate(jobFile(), '--parties', '3', '--drop', '0.9', '--json')
  expect(code).toBe(2)
  expect(jsonLine(out)).toMatchObject({
    error: { code: 'CLI_SIMULATION_QUORUM', next: expect.stringMatching(/--drop/) },
  })
})

test('a job may be written for more parties than it names; what else is wrong with it is told', async () => {
  const cohort = { rounds: { ...spec.rounds, cohort: 6, enough: 6, count: 2 } }
  const result = await played(jobFile(cohort), '--parties', '10', '--params', '50', '--drop', '0.1')
  expect(result.rounds).toHaveLength(4)
  for (const { contributors, missing } of result.rounds) expect(contributors + missing).toBe(6)
  const few = await played(jobFile(cohort), '--parties', '4', '--params', '50')
  expect(few.changes).toEqual(
    expect.arrayContaining(['rounds.cohort: 4 instead of 6', 'rounds.enough: 4 instead of 6']),
  )
  const { code, out } = await simulate(jobFile({ ...cohort, seed: -1 }), '--parties', '10', '--json')
  expect(code).toBe(2)
  expect(jsonLine(out)).toMatchObject({ error: { code: 'JOB_SPEC_INVALID', message: expect.stringMatching(/seed/) } })
})

test('numbers of the job stay where they fit', () => {
  const wanted = (parties: number, drop = '0') => checkOptions({ ...none, parties, drop })
  const job = (changes: object) => parseJobSpec(JSON.stringify({ ...spec, rounds: { ...spec.rounds, ...changes } }))
  const after = (changes: object, parties: number, drop?: string) =>
    simulatedJob(job(changes), wanted(parties, drop)).spec.rounds
  expect(after({ quorum: 2 }, 50)).toMatchObject({ quorum: 2, minimumParties: 2, count: rounds })
  expect(after({ quorum: 3, minimumParties: 3 }, 2)).toMatchObject({ quorum: 2, minimumParties: 2 })
  expect(after({ quorum: 3, minimumParties: 3 }, 50)).toMatchObject({ quorum: 50, minimumParties: 3 })
  expect(after({ deadlineSeconds: 3_600 }, 5)).toMatchObject({ deadlineSeconds: 3_600 })
  const { quorum } = after({}, 50, '0.5')
  const names = Array.from({ length: 50 }, (_, i) => String(i))
  expect(quorum).toBe(emptiestRound(createAbsences(names, 0.5, spec.seed), 50, rounds).left)
})

test.each([1, 50, 1_000, 10_000, 100_000, 1_000_000, 40_000_000])('a model of about %i parameters', (wanted) => {
  const { size } = planModel(modelOfSize(wanted, 12, 1), { kind: 'binary-classification' }, 12)
  // The smallest has one hidden unit; a unit of a hidden layer is worth its inputs and outputs.
  expect(Math.abs(size - wanted) / Math.max(wanted, 1_000)).toBeLessThan(0.02)
})

const none = {
  params: undefined,
  drop: undefined,
  rounds: undefined,
  rows: undefined,
  shift: undefined,
  data: undefined,
  seed: undefined,
  threads: undefined,
  backend: undefined,
  out: undefined,
}
