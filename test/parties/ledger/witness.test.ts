/**
 * Coordinators that really sign and do what they must not: show two parties different logs, roll back, rewrite a leaf,
 * change their key. A party finds out each, keeps the evidence, and stays convinced.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  checkpointOf,
  encodeLeaf,
  type LedgerCode,
  LedgerError,
  parseSignedReceipt,
  signCheckpoint,
} from '../../../src/ledger/index.ts'
import { type ClientCall, type LedgerApi, RemoteError, RpcError } from '../../../src/rpc/index.ts'
import { createWitness, readEvidence, type WitnessCode, WitnessError } from '../../../parties/index.ts'
import { numbered } from '../../ledger/logs.ts'
import { first, opening, seal } from '../../ledger/receipts.ts'
import { createLedgerKey, createSignedLog } from '../../support/ledger.ts'
import { createTestLog } from '../../support/log.ts'

const key = createLedgerKey('north')
const { signal } = new AbortController()
const honest = (size: number) => createSignedLog(key, numbered(size))
/** As many leaves as `size`, of which all from `from` on are others. */
const rewritten = (size: number, from: number) =>
  createSignedLog(key, [...numbered(from), ...numbered(size, 'another').slice(from)])

let base = ''
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'coffer-witness-'))
})
afterEach(() => rm(base, { recursive: true, force: true }))

/** A party whose coordinator shows `log`, which the test exchanges. */
async function createParty(log: LedgerApi<unknown>, name = 'bank-a') {
  const coordinator = { log, asked: 0 }
  const parties: LedgerApi<ClientCall> = {
    getCheckpoint: (request, call) => {
      coordinator.asked++
      return coordinator.log.getCheckpoint(request, call)
    },
    proveInclusion: (request, call) => coordinator.log.proveInclusion(request, call),
  }
  const directory = join(base, name)
  const { log: told, lines } = createTestLog()
  const start = () => createWitness({ directory, federation: 'north', parties, log: told })
  return { coordinator, directory, lines, start, witness: await start() }
}

const refused = (code: LedgerCode) => expect.toSatisfy((error) => error instanceof LedgerError && error.code === code)
const unable = (code: WitnessCode) => expect.toSatisfy((error) => error instanceof WitnessError && error.code === code)

describe('an honest log', () => {
  test('is followed as it grows, and every checkpoint is kept with its proof', async () => {
    const party = await createParty(honest(0))
    expect(party.witness.newest()).toEqual(new Uint8Array())
    for (const size of [0, 3, 3, 8, 21]) {
      party.coordinator.log = honest(size)
      await party.witness.follow(signal)
      expect(party.witness.newest()).toEqual(honest(size).checkpoint)
    }
    const digits = (size: number) => String(size).padStart(16, '0')
    expect((await readdir(party.directory)).sort()).toEqual(
      [
        ...[0, 3, 8, 21].map((size) => `${digits(size)}.checkpoint`),
        `${digits(3)}-${digits(8)}.proof`,
        `${digits(8)}-${digits(21)}.proof`,
        'log.key',
      ].sort(),
    )
  })

  test('is taken up where it was left', async () => {
    const party = await createParty(honest(5))
    await party.witness.follow(signal)
    const again = await party.start()
    expect(again.newest()).toEqual(honest(5).checkpoint)
    party.coordinator.log = honest(9)
    await again.follow(signal)
    expect(again.newest()).toEqual(honest(9).checkpoint)
  })

  test('agrees with what other parties saw, whether that is older, newer or the same', async () => {
    const party = await createParty(honest(5))
    party.coordinator.log = honest(12)
    const others = [5, 7, 12, 7].map((size) => honest(size).checkpoint)
    await party.witness.compare(others, signal)
    expect(party.lines.filter(({ level }) => level !== 'info')).toEqual([])
    // Compared once: it is known from then on.
    party.coordinator.asked = 0
    await party.witness.compare(others, signal)
    expect(party.coordinator.asked).toBe(0)
  })

  test('proves a receipt, at once or when it has been entered', async () => {
    const sealed = seal(opening, first)
    const leaf = encodeLeaf({ kind: 'receipt', ...parseSignedReceipt(sealed) })
    const party = await createParty(honest(4))
    await party.witness.follow(signal)
    await expect(party.witness.confirm(sealed, signal)).rejects.toSatisfy(
      (error) => error instanceof RemoteError && error.code === 'LEDGER_LEAF_UNKNOWN',
    )
    party.coordinator.log = createSignedLog(key, [...numbered(4), leaf, ...numbered(6, 'later')])
    await party.witness.confirm(sealed, signal)
    await party.witness.confirm(sealed, signal)
  })

  test('convicts nobody by not answering', async () => {
    const party = await createParty(honest(4))
    await party.witness.follow(signal)
    const gone = new RpcError('PEER_UNREACHABLE', 'connect ECONNREFUSED')
    const fail = () => Promise.reject(gone)
    party.coordinator.log = { getCheckpoint: fail, proveInclusion: fail }
    await expect(party.witness.follow(signal)).rejects.toBe(gone)
    await expect(party.witness.compare([honest(6).checkpoint], signal)).rejects.toBe(gone)
    party.coordinator.log = honest(6)
    await party.witness.follow(signal)
    expect(await readEvidence(party.directory)).toEqual([])
  })
})

describe('a log that two parties see differently', () => {
  test.each<[string, number, number]>([
    ['of one size', 6, 6],
    ['of which the other one is longer', 6, 9],
    ['of which the other one is shorter', 9, 6],
  ])('%s: LEDGER_FORKED, with both checkpoints as evidence', async (_, own, other) => {
    const party = await createParty(honest(own))
    await party.witness.follow(signal)
    const shown = rewritten(other, 3).checkpoint
    await expect(party.witness.compare([shown], signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    const [evidence] = await readEvidence(party.directory)
    expect(evidence).toMatchObject({ code: 'LEDGER_FORKED' })
    expect(evidence?.notes).toContain(Buffer.from(shown).toString())
    expect(party.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { code: 'LEDGER_FORKED' } }])
  })

  test('ends the part that the party takes, also after a restart, until a person takes the evidence away', async () => {
    const party = await createParty(honest(6))
    await expect(party.witness.compare([rewritten(6, 0).checkpoint], signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    await expect(party.witness.follow(signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    const again = await party.start()
    await expect(again.follow(signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    await expect(again.confirm(seal(opening, first), signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    expect(again.newest()).toEqual(honest(6).checkpoint)
    await rm(join(party.directory, 'evidence'), { recursive: true })
    await (await party.start()).follow(signal)
  })

  test('and that switches to the log of the other one when it is asked about it', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    const other = rewritten(9, 3)
    const own = honest(6)
    party.coordinator.log = {
      ...own,
      getCheckpoint: (request, call) => (request.size === 9 ? other : own).getCheckpoint(request, call),
    }
    await expect(party.witness.compare([other.checkpoint], signal)).rejects.toEqual(refused('LEDGER_FORKED'))
  })

  test('and that grows between any two questions: WITNESS_EVADED, which convicts nobody', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    let size = 9
    party.coordinator.log = {
      ...honest(6),
      getCheckpoint: (request, call) => honest(size++).getCheckpoint(request, call),
    }
    const other = rewritten(9, 3).checkpoint
    await expect(party.witness.compare([honest(8).checkpoint], signal)).rejects.toEqual(unable('WITNESS_EVADED'))
    await expect(party.witness.compare([other], signal)).rejects.toEqual(refused('LEDGER_FORKED'))
  })

  test('and a key of its own for each: LEDGER_KEY_CHANGED', async () => {
    const party = await createParty(honest(6))
    const other = createSignedLog(createLedgerKey('north'), numbered(6)).checkpoint
    await expect(party.witness.compare([other], signal)).rejects.toEqual(refused('LEDGER_KEY_CHANGED'))
    expect(await readEvidence(party.directory)).toMatchObject([{ code: 'LEDGER_KEY_CHANGED' }])
  })

  test('is not what somebody else made up: that is told and passed over', async () => {
    const party = await createParty(honest(6))
    const forger = createLedgerKey('north')
    const { head } = rewritten(6, 0)
    const notes = [
      new TextEncoder().encode('no note'),
      // In the name of the log's key, signed by another one.
      signCheckpoint(checkpointOf(head, key.verifier), forger),
      createSignedLog(createLedgerKey('south'), numbered(3)).checkpoint,
    ]
    await party.witness.compare(notes, signal)
    expect(party.lines.filter(({ level }) => level === 'warn')).toHaveLength(3)
    expect(await readEvidence(party.directory)).toEqual([])
  })
})

describe('evidence of two histories', () => {
  const flood = async (party: Awaited<ReturnType<typeof createParty>>) => {
    for (let i = 0; i < 25; i++) {
      const other = createSignedLog(createLedgerKey('north'), numbered(3)).checkpoint
      await expect(party.witness.compare([other], signal)).rejects.toEqual(refused('LEDGER_KEY_CHANGED'))
    }
  }

  test.each<[LedgerCode, number]>([
    ['LEDGER_FORKED', 6],
    ['LEDGER_INCONSISTENT', 8],
  ])('%s is kept however much else is, and convicts after a restart', async (code, size) => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    await flood(party)
    expect(await readEvidence(party.directory)).toHaveLength(20)
    party.coordinator.log = rewritten(size, 2)
    await expect(party.witness.follow(signal)).rejects.toEqual(refused(code))
    party.coordinator.log = honest(9)
    const again = await party.start()
    await expect(again.follow(signal)).rejects.toEqual(refused(code))
    const kept = await readEvidence(party.directory)
    expect(kept.map((each) => each.code).filter((each) => each !== 'LEDGER_KEY_CHANGED')).toEqual([code])
  })
})

describe('a log that changes under the eyes of one party', () => {
  test('is rolled back: LEDGER_ROLLED_BACK until it is restored', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    party.coordinator.log = honest(4)
    await expect(party.witness.follow(signal)).rejects.toEqual(refused('LEDGER_ROLLED_BACK'))
    expect(party.witness.newest()).toEqual(honest(6).checkpoint)
    expect(await readEvidence(party.directory)).toMatchObject([{ code: 'LEDGER_ROLLED_BACK' }])
    party.coordinator.log = honest(7)
    await party.witness.follow(signal)
  })

  test('has a leaf rewritten: LEDGER_INCONSISTENT when it grows, LEDGER_FORKED when it does not', async () => {
    const grown = await createParty(honest(6), 'bank-a')
    await grown.witness.follow(signal)
    grown.coordinator.log = rewritten(8, 2)
    await expect(grown.witness.follow(signal)).rejects.toEqual(refused('LEDGER_INCONSISTENT'))
    const same = await createParty(honest(6), 'bank-b')
    await same.witness.follow(signal)
    same.coordinator.log = rewritten(6, 2)
    await expect(same.witness.follow(signal)).rejects.toEqual(refused('LEDGER_FORKED'))
  })

  test('was rolled back and filled up with other leaves: LEDGER_INCONSISTENT', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    party.coordinator.log = rewritten(9, 5)
    await expect(party.witness.follow(signal)).rejects.toEqual(refused('LEDGER_INCONSISTENT'))
    await expect((await party.start()).follow(signal)).rejects.toEqual(refused('LEDGER_INCONSISTENT'))
  })

  test('is signed by another key: LEDGER_KEY_CHANGED, also after a restart', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    party.coordinator.log = createSignedLog(createLedgerKey('north'), numbered(7))
    await expect(party.witness.follow(signal)).rejects.toEqual(refused('LEDGER_KEY_CHANGED'))
    await expect((await party.start()).follow(signal)).rejects.toEqual(refused('LEDGER_KEY_CHANGED'))
  })

  test('claims that a receipt is in it: LEDGER_NOT_INCLUDED', async () => {
    const sealed = seal(opening, first)
    const party = await createParty(honest(6))
    const lying = honest(6)
    party.coordinator.log = { ...lying, proveInclusion: async () => ({ index: 2, path: [] }) }
    await expect(party.witness.confirm(sealed, signal)).rejects.toEqual(refused('LEDGER_NOT_INCLUDED'))
  })
})

describe('what is kept', () => {
  test('cannot be written: WITNESS_UNWRITABLE, and nothing is taken', async () => {
    const party = await createParty(honest(6))
    await writeFile(party.directory, 'a file where the directory would be')
    await expect(party.witness.follow(signal)).rejects.toEqual(unable('WITNESS_UNWRITABLE'))
    expect(party.witness.newest()).toEqual(new Uint8Array())
  })

  test('was damaged: WITNESS_DAMAGED', async () => {
    const party = await createParty(honest(6))
    await expect(party.witness.compare([rewritten(6, 0).checkpoint], signal)).rejects.toEqual(refused('LEDGER_FORKED'))
    const [evidence] = await readEvidence(party.directory)
    await writeFile(evidence?.file ?? '', '{}')
    await expect(party.start()).rejects.toEqual(unable('WITNESS_DAMAGED'))
  })

  test('is never replaced by another key', async () => {
    const party = await createParty(honest(6))
    await party.witness.follow(signal)
    await writeFile(join(party.directory, 'log.key'), 'no key')
    await expect(party.start()).rejects.toEqual(refused('LEDGER_NOTE_KEY'))
  })
})
