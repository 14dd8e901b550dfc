/** `model verify` over a genuine run, and over one with each thing changed that it exists to find. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/crypto/index.ts'
import { createWitness } from '../../parties/index.ts'
import { createLedgerKey, createSignedLog } from '../support/ledger.ts'
import { createTestLog } from '../support/log.ts'
import {
  collateralText,
  createHistory,
  digest,
  FEDERATION,
  ledgerKey,
  otherPolicyText,
  policyText,
  type Tampering,
} from './lineages.ts'
import { coffer, createDirectory, createFakeNetwork, jsonLine, RUN_ID } from './support.ts'

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer(`init federation ${FEDERATION}`, { cwd })
  await writeFile(join(cwd, '.coffer', 'attestation-policy.json'), policyText)
  await writeFile(join(cwd, '.coffer', 'collateral.json'), collateralText)
  await writeFile(join(cwd, 'other-policy.json'), otherPolicyText)
  await coffer('model export 7b21 --out model', { cwd, network: createFakeNetwork(createHistory().api) })
})
afterAll(() => dispose())

interface Verdict {
  readonly code: number
  readonly ok: boolean
  readonly refused: readonly string[]
  readonly steps: readonly { readonly check: string; readonly outcome: string; readonly codes: readonly string[] }[]
}

async function verdictOf(words: string, network = createFakeNetwork({})): Promise<Verdict> {
  const { code, out } = await coffer(`model verify ${words} --json`, { cwd, network })
  const { ok, steps, ...rest } = Object(jsonLine(out))
  if (steps === undefined) throw new Error(`no verdict: ${JSON.stringify(rest)}`)
  const refused = Object.values<Verdict['steps'][number]>(steps).filter(({ outcome }) => outcome === 'refused')
  return { code, ok, steps, refused: refused.flatMap(({ check, codes }) => codes.map((each) => `${each} in ${check}`)) }
}

const online = (tampering: Tampering) => verdictOf('7b21', createFakeNetwork(createHistory(tampering).api))

/** The exported model with one file changed. */
async function changed(name: string, change: (directory: string) => Promise<void>): Promise<string> {
  await rm(join(cwd, name), { recursive: true, force: true })
  await cp(join(cwd, 'model'), join(cwd, name), { recursive: true })
  await change(join(cwd, name))
  return name
}

describe('a model that comes from where it says', () => {
  test('is verified offline, step by step, for people', async () => {
    const { code, out } = await coffer('model verify model', { cwd, network: createFakeNetwork({}) })
    expect(code).toBe(0)
    expect(out.replaceAll(/[0-9a-f]{32,64}/g, 'HEX').replace(/coffer\/demo\+\S+;/, 'KEY;')).toMatchInlineSnapshot(`
      "SIMULATED: the aggregator ran in a simulated TEE, which protects nothing
      VERIFIED: the model comes from these rounds
        verified   job       loans, digest HEX
        verified   evidence  epoch HEX: SIMULATED TDX, TCB status UpToDate, as the policy expects; its quote covers the receipt key
        verified   receipts  5 of run HEX, rounds 0 to 4 without a gap, each signed by the attested key
        verified   parties   2 or more of the job in each round
        verified   model     the parameters are those of the last receipt, HEX
        verified   ledger    all 5 receipts are in the log coffer/demo of 7 leaves
        not shown  ledger    whose log that is: the checkpoint itself names the key KEY; give --from DIR
      not shown by any of this:
        - that the rows behind the updates were what the parties say they are
        - model.json, model.safetensors and preprocessing.json: only weights.bin is compared
        - metrics, name and date of the model version: the coordinator states them
      "
    `)
  })

  test('and for scripts', async () => {
    const { code, out } = await coffer('model verify model --json', { cwd, network: createFakeNetwork({}) })
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({
      ok: true,
      federation: FEDERATION,
      run: RUN_ID,
      rounds: 5,
      digest: toHex(digest),
      simulated: true,
      steps: ['job', 'evidence', 'receipts', 'parties', 'model', 'ledger', 'ledger'].map((check) => ({ check })),
    })
  })

  test('is verified by its id as well, with what the coordinator serves', async () => {
    expect(await online({})).toMatchObject({ code: 0, ok: true, refused: [] })
  })

  test('may have been made by an aggregator that restarted', async () => {
    const { ok, steps } = await online({ starts: [{ name: 'first' }, { name: 'second' }, { name: 'third' }] })
    expect(ok).toBe(true)
    expect(steps.filter(({ check }) => check === 'evidence')).toHaveLength(3)
  })

  test('is in the log that a party saw, where its witness directory is at hand', async () => {
    const { api, log } = createHistory()
    const parties = { getCheckpoint: log.getCheckpoint, proveInclusion: log.proveInclusion }
    const directory = join(cwd, 'witness')
    const witness = await createWitness({ directory, federation: FEDERATION, parties, log: createTestLog().log })
    await witness.follow(new AbortController().signal)
    const { code, out } = await coffer('model verify 7b21 --from witness', { cwd, network: createFakeNetwork(api) })
    expect(code).toBe(0)
    expect(out).toContain('the log is the one that the witness saw')
  })
})

describe('what is refused', () => {
  test('parameters that were changed', async () => {
    const name = await changed('other-weights', async (directory) => {
      const bytes = await readFile(join(directory, 'weights.bin'))
      bytes[0] = (bytes[0] ?? 0) ^ 1
      await writeFile(join(directory, 'weights.bin'), bytes)
    })
    expect(await verdictOf(name)).toMatchObject({ code: 1, refused: ['CLI_LINEAGE_MODEL in model'] })
  })

  test('another job, or one that is none', async () => {
    const file = (directory: string) => join(directory, 'lineage', 'job.json')
    const other = await changed('other-job', async (directory) => {
      const text = await readFile(file(directory), 'utf8')
      await writeFile(file(directory), text.replace('"seed":5', '"seed":6'))
    })
    expect((await verdictOf(other)).refused).toContain('CLI_LINEAGE_JOB in receipts')
    const none = await changed('no-job', (directory) => writeFile(file(directory), '{}'))
    expect((await verdictOf(none)).refused).toContain('CLI_LINEAGE_JOB in job')
  })

  test('receipts of which one is missing, or all', async () => {
    const place = (directory: string) => join(directory, 'lineage', 'receipts')
    const gap = await changed('gap', (directory) => rm(join(place(directory), '00002.json')))
    const { refused } = await verdictOf(gap)
    expect(refused).toEqual(expect.arrayContaining(['RECEIPT_ROUND in receipts', 'RECEIPT_PREVIOUS in receipts']))
    const none = await changed('none', async (directory) => {
      for (const name of await readdir(place(directory))) await rm(join(place(directory), name))
    })
    expect((await verdictOf(none)).refused).toContain('RECEIPT_CHAIN_EMPTY in receipts')
    // The evaluation at the end releases nothing new.
    const last = await changed('last', (directory) => rm(join(place(directory), '00004.json')))
    expect(await verdictOf(last)).toMatchObject({ ok: true })
    await rm(join(cwd, last, 'lineage', 'receipts', '00003.json'))
    const early = await verdictOf(last)
    expect(early.refused).toEqual(['CLI_LINEAGE_MODEL in model'])
    expect(early.steps).toContainEqual({
      check: 'receipts',
      outcome: 'not shown',
      text: 'the job has 3 training rounds, and these receipts end with round 2',
      codes: [],
    })
  })

  test('a receipt that another key signed, or that is none', async () => {
    const other = createHistory({ starts: [{ name: 'somebody else' }] }).receipts
    const swapped = (honest: readonly Uint8Array[]) => honest.map((each, at) => (at === 3 ? (other[at] ?? each) : each))
    const { refused } = await online({ sealed: swapped })
    expect(refused).toEqual(
      expect.arrayContaining([
        'CLI_LINEAGE_EVIDENCE in evidence',
        'RECEIPT_EPOCH in receipts',
        'RECEIPT_CHAIN_EMPTY in model',
      ]),
    )
    const none = await changed('no-receipt', (directory) =>
      writeFile(join(directory, 'lineage', 'receipts', '00001.json'), '{}'),
    )
    expect((await verdictOf(none)).refused).toEqual(
      expect.arrayContaining(['RECEIPT_MALFORMED in receipts', 'RECEIPT_MALFORMED in ledger']),
    )
  })

  test('too few parties, and strangers', async () => {
    const few = (receipt: Parameters<NonNullable<Tampering['receipt']>>[0]) =>
      receipt.round === 2 ? { ...receipt, updates: receipt.updates.slice(1) } : receipt
    expect((await online({ receipt: few })).refused).toEqual(['RECEIPT_TOO_FEW in parties'])
    const strange = (receipt: Parameters<NonNullable<Tampering['receipt']>>[0]) => ({
      ...receipt,
      updates: receipt.updates.map((each) => (each.party === 'bank-b' ? { ...each, party: 'bank-x' } : each)),
    })
    expect((await online({ receipt: strange })).refused).toEqual(['RECEIPT_STRANGER in parties'])
  })

  test('evidence whose quote does not cover the statement with the receipt key', async () => {
    const starts = [
      {
        name: 'first',
        evidence: (honest: { quote: Uint8Array; eventLog: Uint8Array; statement: Uint8Array }) => ({
          ...honest,
          statement: Buffer.from(
            Buffer.from(honest.statement).toString().replace('"policyVersion":1', '"policyVersion":2'),
          ),
        }),
      },
    ]
    const { refused } = await online({ starts })
    expect(refused).toEqual(
      expect.arrayContaining([
        'EVIDENCE_BINDING in evidence',
        'RECEIPT_EPOCH in receipts',
        'RECEIPT_CHAIN_EMPTY in model',
      ]),
    )
  })

  test.each([
    ['another role', { role: 'party' }, {}],
    ['another federation', {}, { federation: 'south' }],
    ['another epoch', {}, { epoch: '00'.repeat(16) }],
    ['another policy', {}, { policyDigest: '00'.repeat(32) }],
  ])('evidence of %s', async (_, changes, context) => {
    const starts = [
      {
        name: 'first',
        statement: <T extends { context: object }>(honest: T): T => ({
          ...honest,
          ...changes,
          context: { ...honest.context, ...context },
        }),
      },
    ]
    expect((await online({ starts })).refused).toContain('CLI_LINEAGE_EVIDENCE in evidence')
  })

  test('everything, under another policy than the one of the run', async () => {
    const { refused } = await verdictOf('model --policy other-policy.json')
    expect(refused).toContain('CLI_LINEAGE_EVIDENCE in evidence')
  })

  test('evidence that is judged when its collateral is over', async () => {
    const { refused } = await verdictOf('model --at 2036-01-01T00:00:00Z')
    expect(refused.some((each) => each.startsWith('EVIDENCE_'))).toBe(true)
  })

  test('receipts that are not in the log', async () => {
    const name = await changed('no-proof', async (directory) => {
      const file = join(directory, 'lineage', 'inclusion.json')
      const [first, ...others] = Object.values<object>(JSON.parse(await readFile(file, 'utf8')))
      await writeFile(file, JSON.stringify([{ ...first, index: 1 }, ...others]))
    })
    expect((await verdictOf(name)).refused).toEqual(['LEDGER_NOT_INCLUDED in ledger'])
  })

  test('a log that is not the one a party saw', async () => {
    const { log } = createHistory({ starts: [{ name: 'another history' }] })
    const fork = { getCheckpoint: log.getCheckpoint, proveInclusion: log.proveInclusion }
    const follow = async (name: string, parties: typeof fork) => {
      const directory = join(cwd, name)
      const witness = await createWitness({ directory, federation: FEDERATION, parties, log: createTestLog().log })
      await witness.follow(new AbortController().signal)
    }
    await follow('fork', fork)
    expect((await verdictOf('model --from fork')).refused).toEqual(['LEDGER_FORKED in ledger'])
    await follow('other-key', createSignedLog(createLedgerKey(FEDERATION), []))
    expect((await verdictOf('model --from other-key')).refused).toEqual(['LEDGER_NOTE_UNSIGNED in ledger'])
    await follow('shorter', createSignedLog(ledgerKey, []))
    expect((await verdictOf('model --from shorter')).refused).toEqual([])
  })
})

describe('what cannot be looked at', () => {
  test.each(['job.json', 'checkpoint', 'inclusion.json'])('without lineage/%s', async (file) => {
    const name = await changed('incomplete', (directory) => rm(join(directory, 'lineage', file)))
    const { code, out } = await coffer(`model verify ${name} --json`, { cwd })
    expect(code).toBe(1)
    expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_LINEAGE_DAMAGED' } })
  })

  test('proofs that are none', async () => {
    const name = await changed('bad-proofs', (directory) =>
      writeFile(join(directory, 'lineage', 'inclusion.json'), '[{"index":-1,"path":[]}]'),
    )
    const { out } = await coffer(`model verify ${name} --json`, { cwd })
    expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_LINEAGE_DAMAGED' } })
  })

  test('without a policy, or what is neither directory nor id', async () => {
    await mkdir(join(cwd, 'elsewhere'))
    const none = await coffer('model verify model --home elsewhere --json', { cwd })
    expect(none.code).toBe(2)
    expect(jsonLine(none.out)).toMatchObject({ error: { code: 'CLI_ARGUMENT_INVALID' } })
    expect(await coffer('model verify no-such-model', { cwd })).toMatchObject({ code: 2 })
  })
})
