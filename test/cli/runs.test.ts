import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coordinatorErrors } from '../../src/coordinator/index.ts'
import { canonicalSpec, jobDigest, parseJobSpec } from '../../src/job/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { RemoteError } from '../../src/rpc/index.ts'
import { loansSpec } from '../support/loans.ts'
import { story } from './story.ts'
import {
  coffer,
  createDirectory,
  createEvents,
  createFakeNetwork,
  createRun,
  jsonLine,
  NOW,
  RUN_ID,
} from './support.ts'

const spec = loansSpec(['bank-a', 'bank-b'])
let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo', { cwd })
  await writeFile(join(cwd, 'job.json'), JSON.stringify(spec))
  await writeFile(join(cwd, 'bad.yaml'), 'version: 1\nnmae: x\n')
})
afterAll(() => dispose())

const proposed = createRun({ state: 'proposed', round: 0, metrics: {}, metricsModel: 0 })

describe('job check', () => {
  test('prints the digest of a valid spec', async () => {
    const digest = toHex(jobDigest(canonicalSpec(spec)))
    expect((await coffer('job check job.json', { cwd })).out).toContain(`job digest ${digest}`)
    const { code, out } = await coffer('job check job.json --json', { cwd })
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({ valid: true, jobDigest: digest, parties: ['bank-a', 'bank-b'] })
  })

  test('lists what is wrong, with the key that was meant; a missing file is named', async () => {
    const bad = await coffer('job check bad.yaml', { cwd })
    expect(bad.code).toBe(2)
    expect(bad.err).toContain('JOB_SPEC_INVALID')
    expect(bad.err).toContain("did you mean 'name'?")
    const missing = await coffer('job check none.yaml --json', { cwd })
    expect(missing.code).toBe(2)
    expect(jsonLine(missing.out)).toMatchObject({ error: { code: 'CLI_FILE_UNREADABLE' } })
  })
})

describe('run submit', () => {
  test('sends the canonical spec and prints the run', async () => {
    const sent: string[] = []
    const network = createFakeNetwork({
      submitRun: async ({ specJson }) => {
        sent.push(new TextDecoder().decode(specJson))
        return proposed
      },
    })
    const { code, out } = await coffer('run submit job.json --json', { cwd, network })
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({ runId: RUN_ID, state: 'proposed', modelId: null, endedAt: null })
    expect(parseJobSpec(sent[0] ?? '')).toEqual(spec)
    expect((await coffer('run submit job.json', { cwd, network })).out).toContain('next: coffer run watch 3f9c12ab')
  })

  test('a wrong spec never reaches the coordinator', async () => {
    const network = createFakeNetwork({})
    expect(await coffer('run submit bad.yaml', { cwd, network })).toMatchObject({ code: 2 })
    expect(network.dialled).toEqual([])
  })

  test.each([
    ['strategy scaffold', { strategy: { kind: 'scaffold' }, training: { optimizer: 'sgd' } }],
    ['strategy fedbuff', { strategy: { kind: 'fedbuff', buffer: 2 } }],
    ['robust median', { robust: { kind: 'median' } }],
    ['compression int8', { compression: { kind: 'int8' } }],
    ['privacy', { privacy: { clip: { kind: 'fixed', bound: 1 }, noiseMultiplier: 1, delta: 1e-5, budget: 3 } }],
    ['rounds.late keep', { rounds: { ...spec.rounds, late: 'keep' } }],
  ])('says that %s cannot be had with Paillier, and why', async (what, changes) => {
    await writeFile(join(cwd, 'paillier.json'), JSON.stringify({ ...spec, ...changes, summation: 'paillier' }))
    const { code, err } = await coffer('run submit paillier.json', { cwd, network: createFakeNetwork({}) })
    expect(code).toBe(2)
    const why = 'single updates must be seen, which only a trusted execution environment may do'
    expect(err).toContain(`summation: found "paillier", expected 'tee' for ${what}: ${why} (line 1,`)
    expect(err).toContain("'paillier' is not built yet")
    expect(err).toContain('JOB_SPEC_INVALID')
  })

  test('--watch follows the run to its end', async () => {
    const network = createFakeNetwork({
      submitRun: async () => proposed,
      getRun: async () => createRun({ state: 'finished' }),
      watchRun: async function* () {
        yield* createEvents(story.finished)
      },
    })
    const { code, out } = await coffer('run submit job.json --watch', { cwd, network })
    expect(code).toBe(0)
    expect(out).toContain('run finished')
  })

  test('a refusal of the coordinator comes through with its code', async () => {
    const network = createFakeNetwork({
      submitRun: async () => {
        throw new RemoteError('RUN_LIMIT', 'RESOURCE_EXHAUSTED', 'too many runs')
      },
    })
    const { code, out } = await coffer('run submit job.json --json', { cwd, network })
    expect(code).toBe(1)
    const { next } = coordinatorErrors.RUN_LIMIT
    expect(jsonLine(out)).toMatchObject({ error: { code: 'RUN_LIMIT', message: 'too many runs', next } })
  })
})

test('run list: a table for people, an object for scripts, bounds for both', async () => {
  const runs = [
    createRun(),
    createRun({ runId: 'ab'.repeat(16), name: 'n'.repeat(90), state: 'abandoned', metrics: {}, tee: 'SGX by Gramine' }),
    createRun({ runId: 'cd'.repeat(16), state: 'proposed', metrics: {}, tee: '' }),
  ]
  const network = createFakeNetwork({ listRuns: async ({ limit }) => ({ runs: runs.slice(0, limit) }) })
  const { out } = await coffer('run list', { cwd, network, columns: 80 })
  expect(out).toMatchInlineSnapshot(`
    "RUN       NAME         STATE      ROUND      METRIC  TEE        SUBMITTED  BY
    3f9c12ab  credit-risk  running     3/10  auc 0.7421  SIMULATED   60 s ago  admin
    abababab  nnnnnnnnnn…  abandoned   3/10              SGX         60 s ago  admin
    cdcdcdcd  credit-risk  proposed    3/10                          60 s ago  admin
    "
  `)
  expect(jsonLine((await coffer('run list --limit 1 --json', { cwd, network })).out)).toEqual({
    runs: [
      {
        runId: RUN_ID,
        name: 'credit-risk',
        state: 'running',
        reason: '',
        round: 3,
        rounds: 10,
        parties: ['bank-a', 'bank-b', 'bank-c'].map((name) => ({
          name,
          decision: 'accepted',
          reasons: [],
          activity: 'working',
        })),
        metrics: { auc: 0.7421, ks: 0.3811 },
        metricsAfterRound: 2,
        modelId: null,
        jobDigest: 'ab'.repeat(32),
        submittedBy: 'admin',
        createdAt: new Date(NOW - 60_000).toISOString(),
        endedAt: null,
        tee: 'simulated tdx-v4',
        simulated: true,
      },
    ],
  })
  for (const limit of [0, 501])
    expect(await coffer(`run list --limit ${limit}`, { cwd, network })).toMatchObject({ code: 2 })
})

test('run show', async () => {
  const network = createFakeNetwork({
    getRun: async ({ runId }) => {
      if (runId !== '3f9c') throw new RemoteError('RUN_UNKNOWN', 'NOT_FOUND', `no run ${runId}`)
      return createRun({ reason: 'all is well\x1b[2J' })
    },
  })
  const { code, out } = await coffer('run show 3f9c', { cwd, network })
  expect(code).toBe(0)
  expect(out).toMatchInlineSnapshot(`
    "run         3f9c12ab00000000000000000000cafe
    name        credit-risk
    state       running: all is well [2J
    aggregator  SIMULATED tdx-v4: protects nothing
    round       3 of 10
    metrics     auc 0.7421  ks 0.3811 (model after 2 rounds)
    model       none
    job digest  abababababababababababababababababababababababababababababababab
    submitted   2026-05-17T11:59:00.000Z by admin

    PARTY   DECISION  ACTIVITY  REASONS
    bank-a  accepted  working
    bank-b  accepted  working
    bank-c  accepted  working
    "
  `)
  for (const [tee, row] of [
    ['TDX by configfs-tsm', 'aggregator  TDX by configfs-tsm, it says; each party attests it by itself'],
    ['', 'aggregator  none has said yet where it runs'],
  ] as const) {
    const other = createFakeNetwork({ getRun: async () => createRun({ tee }) })
    expect((await coffer('run show 3f9c', { cwd, network: other })).out).toContain(row)
  }
  expect(await coffer('run show ffff', { cwd, network })).toMatchObject({
    code: 1,
    err: expect.stringContaining('RUN_UNKNOWN'),
  })
})

test('run stop gives a reason, and bounds it', async () => {
  const reasons: string[] = []
  const network = createFakeNetwork({
    stopRun: async ({ reason }) => {
      reasons.push(reason)
      return createRun({ state: 'stopped', reason: ['stopped by admin', reason].filter(Boolean).join(': ') })
    },
  })
  expect((await coffer('run stop 3f9c', { cwd, network })).out).toBe('run 3f9c12ab is stopped: stopped by admin\n')
  await coffer(['run', 'stop', '3f9c', '--reason', 'wrong label'], { cwd, network })
  expect(reasons).toEqual(['', 'wrong label'])
  expect(await coffer(['run', 'stop', '3f9c', '--reason', 'x'.repeat(501)], { cwd, network })).toMatchObject({
    code: 2,
  })
})
