/** The log on the command line: its key at the coordinator, `ledger show`, and `ledger verify` over what parties kept. */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLedgerKey } from '../../src/cli/ledger/key.ts'
import { CodedError } from '../../src/errors/index.ts'
import { LedgerError, logOrigin, signerKey, verifierKey } from '../../src/ledger/index.ts'
import { openHome } from '../../src/cli/home.ts'
import type { Context } from '../../src/cli/io.ts'
import type { ClientCall, LedgerApi } from '../../src/rpc/index.ts'
import { createWitness } from '../../parties/index.ts'
import { numbered } from '../ledger/logs.ts'
import { createLedgerKey, createSignedLog } from '../support/ledger.ts'
import { createTestLog } from '../support/log.ts'
import { createHistory } from './lineages.ts'
import { coffer, createDirectory, createFakeNetwork, createTestIo, jsonLine } from './support.ts'
import { generateKeyPairSync } from 'node:crypto'

const key = createLedgerKey('demo')
const { signal } = new AbortController()
const honest = (size: number) => createSignedLog(key, numbered(size))
const forked = (size: number, from: number) =>
  createSignedLog(key, [...numbered(from), ...numbered(size, 'another').slice(from)])

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo', { cwd })
})
afterAll(() => dispose())

/** A party that saw these sizes, one after the other. */
async function witnessed(name: string, logs: readonly LedgerApi<ClientCall>[], others: readonly Uint8Array[] = []) {
  const shown = { log: logs[0] ?? honest(0) }
  const parties: LedgerApi<ClientCall> = {
    getCheckpoint: (request, call) => shown.log.getCheckpoint(request, call),
    proveInclusion: (request, call) => shown.log.proveInclusion(request, call),
  }
  const directory = join(cwd, name)
  const witness = await createWitness({ directory, federation: 'demo', parties, log: createTestLog().log })
  const found: unknown[] = []
  for (const log of logs) {
    shown.log = log
    await witness.follow(signal).catch((error: unknown) => found.push(error))
  }
  if (others.length > 0) await witness.compare(others, signal).catch((error: unknown) => found.push(error))
  return { name, found, newest: witness.newest() }
}

async function verdictOf(words: string, network = createFakeNetwork({})) {
  const { code, out } = await coffer(`ledger verify ${words} --json`, { cwd, network })
  const { ok, findings, ...rest } = Object(jsonLine(out))
  if (findings === undefined) throw new Error(`no verdict: ${JSON.stringify(rest)}`)
  const codes = Object.values<{ code: string }>(findings).map((finding) => finding.code)
  return { code, ok, codes, ...rest }
}

describe('ledger verify', () => {
  test('one witness that followed an honest log', async () => {
    await witnessed('a', [honest(2), honest(5), honest(12)])
    expect(await verdictOf('--from a')).toMatchObject({
      code: 0,
      ok: true,
      codes: [],
      sizes: [2, 5, 12],
      proofs: 2,
      key: verifierKey(key.verifier),
    })
    const { out } = await coffer('ledger verify --from a', { cwd })
    expect(out).toMatch(/^CONSISTENT: 3 checkpoints of one log, connected by 2 proofs\n/)
  })

  test("is what a party's home has by default", async () => {
    await mkdir(join(cwd, 'home'))
    await witnessed('home/ledger', [honest(3)])
    expect(await verdictOf('--home home')).toMatchObject({ code: 0, sizes: [3] })
  })

  test('two witnesses that compared are connected, others only when the coordinator is asked', async () => {
    const b = await witnessed('b', [honest(4), honest(9)])
    await witnessed('c', [honest(7)])
    await witnessed('compared', [honest(12)], [b.newest])
    expect(await verdictOf('--from b --from compared')).toMatchObject({ code: 0, sizes: [4, 9, 12] })
    expect(await verdictOf('--from b --from c')).toMatchObject({ code: 1, codes: ['LEDGER_UNPROVEN'] })
    const online = createFakeNetwork({ getCheckpoint: honest(20).getCheckpoint })
    const connected = await verdictOf('--from b --from c --coordinator here:1', online)
    expect(connected).toMatchObject({ code: 0, ok: true, sizes: [4, 7, 9, 20] })
  })

  test('two witnesses of different logs: LEDGER_FORKED', async () => {
    await witnessed('left', [honest(3), honest(8)])
    await witnessed('right', [honest(3), forked(8, 5)])
    expect(await verdictOf('--from left --from right')).toMatchObject({ code: 1, codes: ['LEDGER_FORKED'] })
    const { out } = await coffer('ledger verify --from left --from right', { cwd })
    expect(out).toMatch(/^REFUSED: .*\n {2}LEDGER_FORKED: .*right.*left/)
  })

  test('of different sizes, which only the coordinator can be asked about', async () => {
    await witnessed('short', [honest(6)])
    await witnessed('long', [forked(9, 5)])
    expect((await verdictOf('--from short --from long')).codes).toEqual(['LEDGER_UNPROVEN'])
    const online = createFakeNetwork({ getCheckpoint: forked(11, 5).getCheckpoint })
    const { code, codes } = await verdictOf('--from short --from long --coordinator here:1', online)
    expect(code).toBe(1)
    expect(codes).toContain('LEDGER_INCONSISTENT')
  })

  test('what a party found by itself, with its evidence', async () => {
    const { found } = await witnessed('alarmed', [honest(6), honest(4)])
    expect(found).toHaveLength(1)
    const { code, codes } = await verdictOf('--from alarmed')
    expect(code).toBe(1)
    expect(codes).toContain('LEDGER_ROLLED_BACK')
  })

  test('a coordinator that is asked and shows less, or another key', async () => {
    await witnessed('seen', [honest(6)])
    const rolledBack = createFakeNetwork({ getCheckpoint: honest(4).getCheckpoint })
    expect((await verdictOf('--from seen --coordinator here:1', rolledBack)).codes).toContain('LEDGER_ROLLED_BACK')
    const otherKey = createFakeNetwork({
      getCheckpoint: createSignedLog(createLedgerKey('demo'), numbered(8)).getCheckpoint,
    })
    expect((await verdictOf('--from seen --coordinator here:1', otherKey)).codes).toContain('LEDGER_NOTE_UNSIGNED')
  })

  test('witnesses with different keys: LEDGER_KEY_CHANGED', async () => {
    await witnessed('one-key', [honest(6)])
    await witnessed('other-key', [createSignedLog(createLedgerKey('demo'), numbered(6))])
    const { codes } = await verdictOf('--from one-key --from other-key')
    expect(codes).toEqual(['LEDGER_KEY_CHANGED', 'LEDGER_NOTE_UNSIGNED'])
  })

  test('single checkpoints, under the key that is given', async () => {
    await writeFile(join(cwd, 'six'), honest(6).checkpoint)
    await writeFile(join(cwd, 'other-six'), forked(6, 2).checkpoint)
    expect(await verdictOf('--checkpoint six')).toMatchObject({ code: 0, sizes: [6] })
    expect((await verdictOf('--checkpoint six --checkpoint other-six')).codes).toEqual(['LEDGER_FORKED'])
    const wrong = verifierKey(createLedgerKey('demo').verifier)
    expect((await verdictOf(`--checkpoint six --key ${wrong}`)).codes).toEqual(['LEDGER_NOTE_UNSIGNED'])
  })

  test('nothing, or what is not there', async () => {
    const none = await coffer('ledger verify --json', { cwd })
    expect(none.code).toBe(2)
    expect(jsonLine(none.out)).toMatchObject({ error: { code: 'CLI_ARGUMENT_INVALID' } })
    const missing = await coffer('ledger verify --from nowhere --json', { cwd })
    expect(missing.code).toBe(2)
    expect(jsonLine(missing.out)).toMatchObject({ error: { code: 'CLI_FILE_UNREADABLE' } })
  })
})

describe('ledger show', () => {
  test('prints size, root, key and the newest entries', async () => {
    const { api, log } = createHistory()
    const { code, out } = await coffer('ledger show --limit 3', { cwd, network: createFakeNetwork(api) })
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines[0]).toBe(`log coffer/demo, ${log.head.size} entries`)
    expect(lines.slice(3, 6).map((line) => line.trim().slice(0, 40))).toEqual([
      '6  receipt     run 3f9c12ab, round 4, 2 ',
      '5  receipt     run 3f9c12ab, round 3, 2 ',
      '4  receipt     run 3f9c12ab, round 2, 2 ',
    ])
    const { out: json } = await coffer('ledger show --json', { cwd, network: createFakeNetwork(api) })
    expect(jsonLine(json)).toMatchObject({ size: 7, entries: { length: 7 } })
    const empty = createFakeNetwork({ getCheckpoint: createSignedLog(key, []).getCheckpoint })
    expect((await coffer('ledger show', { cwd, network: empty })).out).toMatch(/^log coffer\/demo, 0 entries\n/)
  })
})

describe("the key of the coordinator's log", () => {
  const contextOf = (home: string): Context => ({
    io: createTestIo({ cwd }),
    home,
    homeGiven: true,
    json: false,
    verbose: false,
    quiet: true,
    path: (relative) => join(cwd, relative),
    result: () => undefined,
    remark: () => undefined,
  })
  const open = async () => {
    const context = contextOf(join(cwd, '.coffer', 'coordinator'))
    return openLedgerKey(context, await openHome(context, 'coordinator'))
  }
  const refused = (code: string) => expect.toSatisfy((error) => error instanceof CodedError && error.code === code)

  test('is made at the first start, mode 0600, and is the same from then on', async () => {
    const first = await open()
    expect(first.verifier.name).toBe('coffer/demo')
    const file = join(cwd, '.coffer', 'coordinator', 'ledger.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await open()).verifier.publicKey).toBe(first.verifier.publicKey)
    await chmod(file, 0o644)
    await expect(open()).rejects.toEqual(refused('CLI_KEY_EXPOSED'))
    await chmod(file, 0o600)
    const text = await readFile(file, 'utf8')
    const other = signerKey(logOrigin('south'), generateKeyPairSync('ed25519').privateKey)
    await writeFile(file, other.reveal())
    await expect(open()).rejects.toEqual(refused('LEDGER_NOTE_KEY'))
    await writeFile(file, 'no key')
    await expect(open()).rejects.toBeInstanceOf(LedgerError)
    await writeFile(file, text)
  })
})
