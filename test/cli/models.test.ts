import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/crypto/index.ts'
import { canonicalSpec } from '../../src/job/index.ts'
import type { ModelVersion } from '../../src/round/index.ts'
import { loansCsv, loansSpec } from '../support/loans.ts'
import { createHistory, MODEL_ID, plan, version as genuine, weights } from './lineages.ts'
import { coffer, createDirectory, createFakeNetwork, jsonLine, RUN_ID } from './support.ts'

const version: ModelVersion = { ...genuine, tee: 'SGX by Gramine' }
const bytes = weights
const { api } = createHistory()

/** Served in pieces that do not end where numbers do. */
const coordinatorOf = (changes: Partial<ModelVersion> = {}, served: Uint8Array = bytes) =>
  createFakeNetwork({
    ...api,
    listModels: async () => ({ models: [{ ...version, ...changes }] }),
    getModel: async () => ({ ...version, ...changes }),
    downloadModel: async function* () {
      for (let at = 0; at < served.length; at += 7) yield served.slice(at, at + 7)
    },
  })

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo', { cwd })
  await writeFile(join(cwd, 'holdout.csv'), loansCsv('bank-c', 300))
  await writeFile(join(cwd, 'bad.csv'), 'id,income,age,region,default\n1,much,30,north,0\n')
})
afterAll(() => dispose())

test('model list', async () => {
  const network = coordinatorOf()
  expect((await coffer('model list', { cwd, network, columns: 80 })).out).toMatchInlineSnapshot(`
    "MODEL     NAME   ROUNDS  PARAMETERS  METRICS            TEE    CREATED  RUN
    7b210000  loans       3           5  auc 0.7400 ks 0.…  SGX  3 min ago  3f9c12ab
    "
  `)
  expect(jsonLine((await coffer('model list --json', { cwd, network })).out)).toEqual({
    models: [
      {
        modelId: MODEL_ID,
        runId: RUN_ID,
        name: 'loans',
        digest: toHex(version.digest),
        jobDigest: toHex(version.jobDigest),
        rounds: 3,
        parameters: plan.size,
        metrics: { auc: 0.74, ks: 0.38 },
        createdAt: new Date(version.createdMs).toISOString(),
        parties: ['bank-a', 'bank-b'],
        tee: 'SGX by Gramine',
        simulated: false,
      },
    ],
  })
})

describe('a model that a simulated TEE made', () => {
  const network = coordinatorOf({ tee: 'simulated tdx-v4' })

  test('says so in the list and to scripts', async () => {
    expect((await coffer('model list', { cwd, network, columns: 80 })).out).toMatch(/^7b210000.*SIMULATED/m)
    const { out } = await coffer('model list --json', { cwd, network })
    expect(jsonLine(out)).toMatchObject({ models: [{ tee: 'simulated tdx-v4', simulated: true }] })
  })

  test('says so at its export, and in the README there', async () => {
    const { out } = await coffer('model export 7b21 --out simulated', { cwd, network })
    expect(out).toContain('SIMULATED tdx-v4: protects nothing')
    expect(await readFile(join(cwd, 'simulated', 'README.md'), 'utf8')).toContain('**SIMULATED**')
  })
})

describe('model export', () => {
  test('writes the files and says where', async () => {
    const { code, out } = await coffer('model export 7b21 --out model --json', { cwd, network: coordinatorOf() })
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({ modelId: MODEL_ID, directory: join(cwd, 'model') })
    expect(await readdir(join(cwd, 'model'))).toEqual(
      expect.arrayContaining(['model.json', 'weights.bin', 'model.safetensors', 'lineage']),
    )
    const again = await coffer('model export 7b21 --out model', { cwd, network: coordinatorOf() })
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('CLI_FILE_EXISTS') })
  })

  test('needs --out', async () => {
    expect(await coffer('model export 7b21', { cwd, network: coordinatorOf() })).toMatchObject({ code: 2 })
  })

  const flipped = Uint8Array.from(bytes, (byte, index) => (index === 3 ? byte ^ 1 : byte))
  test.each<[string, ReturnType<typeof coordinatorOf>]>([
    ['other parameters', coordinatorOf({}, flipped)],
    ['too few bytes', coordinatorOf({}, bytes.slice(1))],
    ['too many bytes', coordinatorOf({}, Uint8Array.from([...bytes, 0]))],
    ['another spec', coordinatorOf({ specJson: canonicalSpec(loansSpec(['bank-a', 'bank-x'])) })],
    ['another number of parameters', coordinatorOf({ parameters: plan.size + 1 })],
  ])('%s are refused and nothing is written', async (_name, network) => {
    const { code, out } = await coffer('model export 7b21 --out damaged --json', { cwd, network })
    expect(code).toBe(1)
    expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_MODEL_DAMAGED' } })
    expect(await readdir(cwd)).not.toContain('damaged')
  })
})

describe('model evaluate', () => {
  test('measures on a file', { timeout: 30_000 }, async () => {
    const { code, out } = await coffer('model evaluate 7b21 --data holdout.csv --json', {
      cwd,
      network: coordinatorOf(),
    })
    expect(code).toBe(0)
    const { rows, metrics } = Object(jsonLine(out))
    expect(rows).toBe(300)
    expect(metrics.auc).toBeGreaterThan(0.7)
  })

  test('for people: a table', { timeout: 30_000 }, async () => {
    const text = await coffer('model evaluate 7b21 --data holdout.csv', { cwd, network: coordinatorOf() })
    expect(text.out).toMatch(/model 7b210000 on 300 rows of .*holdout\.csv\n\nMETRIC +VALUE\nauc +0\.\d{4}\n/)
  })

  test('a file that is missing or does not fit the contract ends it with 2', async () => {
    const missing = await coffer('model evaluate 7b21 --data none.csv --json', { cwd, network: coordinatorOf() })
    expect(missing.code).toBe(2)
    expect(jsonLine(missing.out)).toMatchObject({ error: { code: 'CLI_FILE_UNREADABLE' } })
    const bad = await coffer('model evaluate 7b21 --data bad.csv --json', { cwd, network: coordinatorOf() })
    expect(bad.code).toBe(2)
    expect(jsonLine(bad.out)).toMatchObject({ error: { code: expect.stringMatching(/^DATA_/) } })
    expect(await coffer('model evaluate 7b21', { cwd, network: coordinatorOf() })).toMatchObject({ code: 2 })
  })
})
