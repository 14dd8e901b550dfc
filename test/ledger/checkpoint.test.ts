import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  addSignature,
  type Checkpoint,
  type CheckpointTrust,
  compareCheckpoints,
  createSigner,
  createVerifier,
  emptyRoot,
  encodeCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseVerifierKey,
  signCheckpoint,
  signNote,
} from '../../src/ledger/index.ts'
import { buildLog, headOf, numbered } from './logs.ts'
import { ledgerRefusal } from './refusals.ts'
import { checksumDatabase } from './vectors.ts'

const origin = 'coffer/north'
const log = createSigner('coffer/north', generateKeyPairSync('ed25519').privateKey)
const pairs = ['alpha', 'beta', 'gamma'].map((name) => ({ name, ...generateKeyPairSync('ed25519') }))
const witnesses = pairs.map(({ name, privateKey }) => createSigner(name, privateKey))
const trust: CheckpointTrust = {
  origin,
  log: log.verifier,
  witnesses: witnesses.map(({ verifier }) => verifier),
  threshold: 2,
}

const leaves = buildLog(numbered(20))
const at = (size: number, from = leaves): Checkpoint => ({ origin, ...headOf(from, size), extensions: [] })
const signedBy = (count: number): Uint8Array =>
  witnesses.slice(0, count).reduce(addSignature, signCheckpoint(at(11), log))
const text = encodeCheckpoint(at(11))

describe('form', () => {
  it('is that of the Go checksum database, whose tree head opens with its key', () => {
    const { verifier, text, line, origin } = checksumDatabase
    const key = parseVerifierKey(verifier)
    const opened = openCheckpoint(Buffer.from(`${text}\n${line}`), { origin, log: key, witnesses: [], threshold: 0 })
    const { cosigners, ...checkpoint } = opened
    expect(checkpoint.size).toBe(6_476_701)
    expect(cosigners).toEqual([])
    expect(encodeCheckpoint(checkpoint)).toBe(text)
  })

  it('goes through text and back', () => {
    expect(parseCheckpoint(text)).toEqual(at(11))
    const extended = { ...at(11), extensions: ['one', 'two words'] }
    expect(parseCheckpoint(encodeCheckpoint(extended))).toEqual(extended)
    expect(parseCheckpoint(encodeCheckpoint(at(0)))).toEqual(at(0))
    const largest = { ...at(11), size: Number.MAX_SAFE_INTEGER }
    expect(parseCheckpoint(encodeCheckpoint(largest))).toEqual(largest)
  })

  const [, , root = ''] = text.split('\n')
  it.each([
    ['nothing', ''],
    ['two lines', `${origin}\n11\n`],
    ['no last line break', `${origin}\n11\n${root}`],
    ['no origin', `\n11\n${root}\n`],
    ['an empty extension', `${origin}\n11\n${root}\n\n`],
    ['an empty line', `${origin}\n\n11\n${root}\n`],
    ['a leading zero', `${origin}\n011\n${root}\n`],
    ['zero twice', `${origin}\n00\n${root}\n`],
    ['a sign', `${origin}\n+11\n${root}\n`],
    ['a negative size', `${origin}\n-1\n${root}\n`],
    ['a space', `${origin}\n11 \n${root}\n`],
    ['an exponent', `${origin}\n1e1\n${root}\n`],
    ['other digits', `${origin}\n\u0661\n${root}\n`],
    ['2^53', `${origin}\n9007199254740992\n${root}\n`],
    ['a size of 100,000 digits', `${origin}\n${'9'.repeat(100_000)}\n${root}\n`],
    ['a short root', `${origin}\n11\n${root.slice(4)}\n`],
    ['a root without padding', `${origin}\n11\n${root.slice(0, -1)}\n`],
    ['a root in hexadecimal', `${origin}\n11\n${'ab'.repeat(32)}\n`],
    ['no leaves and a root', `${origin}\n0\n${root}\n`],
  ])('is refused: %s', (_, bad) => {
    ledgerRefusal(() => parseCheckpoint(bad), 'LEDGER_CHECKPOINT_MALFORMED')
    if (bad.endsWith('\n') && bad.length < 60_000) {
      const note = signNote(bad, [log])
      ledgerRefusal(() => openCheckpoint(note, trust), 'LEDGER_CHECKPOINT_MALFORMED')
    }
  })

  it.each<[string, Partial<Checkpoint>]>([
    ['an origin of two lines', { origin: 'a\nb' }],
    ['no origin', { origin: '' }],
    ['a fraction', { size: 1.5 }],
    ['a short root', { root: new Uint8Array(31) }],
    ['an empty extension', { extensions: [''] }],
  ])('is not signed: %s', (_, wrong) => {
    ledgerRefusal(() => signCheckpoint({ ...at(11), ...wrong }, log), 'LEDGER_CHECKPOINT_MALFORMED')
  })
})

describe('signatures', () => {
  it('suffice at the threshold of different keys of witnesses', () => {
    expect(openCheckpoint(signedBy(2), trust)).toEqual({ ...at(11), cosigners: trust.witnesses.slice(0, 2) })
    expect(openCheckpoint(signedBy(3), trust).cosigners).toHaveLength(3)
  })

  it('do not suffice below it', () => {
    const message = ledgerRefusal(() => openCheckpoint(signedBy(1), trust), 'LEDGER_CHECKPOINT_COSIGNATURES')
    expect(message).toBe('size 11 is signed by 1 keys of witnesses, expected 2')
  })

  it('count a key once under two names, and the key of the log never', () => {
    const [alpha] = pairs
    if (alpha === undefined) throw new Error('there is a first witness')
    const twin = createSigner('alpha-again', alpha.privateKey)
    const asTwins = { ...trust, witnesses: [...trust.witnesses, twin.verifier] }
    ledgerRefusal(() => openCheckpoint(addSignature(signedBy(1), twin), asTwins), 'LEDGER_CHECKPOINT_COSIGNATURES')

    const pair = generateKeyPairSync('ed25519')
    const [ownLog, disguised] = [createSigner(origin, pair.privateKey), createSigner('delta', pair.privateKey)]
    const note = addSignature(signCheckpoint(at(11), ownLog), disguised)
    const itself = { origin, log: ownLog.verifier, witnesses: [createVerifier('delta', pair.publicKey)], threshold: 1 }
    ledgerRefusal(() => openCheckpoint(note, itself), 'LEDGER_CHECKPOINT_COSIGNATURES')
  })

  it('of witnesses alone do not stand for the log', () => {
    const note = signNote(text, witnesses)
    ledgerRefusal(() => openCheckpoint(note, trust), 'LEDGER_CHECKPOINT_LOG')
  })

  it('of nobody known, or a wrong one, are refused as those of a note', () => {
    const stranger = createSigner(origin, generateKeyPairSync('ed25519').privateKey)
    ledgerRefusal(() => openCheckpoint(signCheckpoint(at(11), stranger), trust), 'LEDGER_NOTE_UNSIGNED')
    const changed = Buffer.from(signedBy(2)).toString().replace('\n11\n', '\n12\n')
    ledgerRefusal(() => openCheckpoint(Buffer.from(changed), trust), 'LEDGER_NOTE_SIGNATURE')
  })

  it('on another log are refused', () => {
    const other = signCheckpoint({ ...at(11), origin: 'coffer/south' }, log)
    ledgerRefusal(() => openCheckpoint(other, { ...trust, threshold: 0 }), 'LEDGER_CHECKPOINT_ORIGIN')
  })
})

describe('two checkpoints of one log', () => {
  const forged = buildLog([...numbered(9), ...numbered(11, 'rewritten')])

  it('agree where the newer one continues the older', () => {
    for (const [older, newer] of [
      [0, 0],
      [0, 20],
      [7, 7],
      [7, 20],
      [16, 17],
    ] as const) {
      compareCheckpoints(at(older), at(newer), leaves.consistency(older, newer))
    }
  })

  it('show a fork: one size, two roots', () => {
    ledgerRefusal(() => compareCheckpoints(at(11), at(11, forged), []), 'LEDGER_FORKED')
    const nothing = { ...at(0), root: headOf(leaves, 1).root }
    ledgerRefusal(() => compareCheckpoints(at(0), nothing, []), 'LEDGER_FORKED')
  })

  it('show a rollback, even a consistent one', () => {
    ledgerRefusal(() => compareCheckpoints(at(20), at(11), leaves.consistency(11, 20)), 'LEDGER_ROLLED_BACK')
    ledgerRefusal(() => compareCheckpoints(at(1), { ...at(0), root: emptyRoot() }, []), 'LEDGER_ROLLED_BACK')
  })

  it('show a rewritten history behind a larger size, whatever proof comes with it', () => {
    for (const proof of [leaves.consistency(11, 20), forged.consistency(11, 20), leaves.consistency(9, 20), []]) {
      ledgerRefusal(() => compareCheckpoints(at(11), at(20, forged), proof), 'LEDGER_INCONSISTENT')
    }
    compareCheckpoints(at(9), at(20, forged), forged.consistency(9, 20))
  })

  it('are of one log, and proved with hashes', () => {
    const other = { ...at(20), origin: 'coffer/south' }
    ledgerRefusal(() => compareCheckpoints(at(11), other, leaves.consistency(11, 20)), 'LEDGER_CHECKPOINT_ORIGIN')
    ledgerRefusal(() => compareCheckpoints(at(11), at(20), [new Uint8Array(5)]), 'LEDGER_PROOF_MALFORMED')
  })
})
