import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  checkpointOf,
  claimedLogKey,
  createSigner,
  emptyRoot,
  logOrigin,
  openCheckpoint,
  signCheckpoint,
  signNote,
} from '../../src/ledger/index.ts'
import { ledgerRefusal } from './refusals.ts'

const signer = createSigner(logOrigin('north'), generateKeyPairSync('ed25519').privateKey)
const checkpoint = checkpointOf({ size: 0, root: emptyRoot() }, signer.verifier)
const bytes = (text: string) => new TextEncoder().encode(text)

describe('the key that a checkpoint names', () => {
  it('opens the checkpoint it stands in', () => {
    const note = signCheckpoint(checkpoint, signer)
    const log = claimedLogKey(note)
    expect(log).toMatchObject({ name: 'coffer/north', publicKey: signer.verifier.publicKey })
    expect(openCheckpoint(note, { origin: 'coffer/north', log, witnesses: [], threshold: 0 })).toMatchObject(checkpoint)
  })

  it('is a claim: somebody else may have signed', () => {
    const other = createSigner(logOrigin('north'), generateKeyPairSync('ed25519').privateKey)
    const log = claimedLogKey(signCheckpoint(checkpoint, other))
    expect(log.publicKey).toBe(signer.verifier.publicKey)
  })

  it('is missing, doubled or no key', () => {
    const none = signCheckpoint({ ...checkpoint, extensions: [] }, signer)
    expect(ledgerRefusal(() => claimedLogKey(none), 'LEDGER_NOTE_KEY')).toContain('no key')
    const { extensions } = checkpoint
    const two = signCheckpoint({ ...checkpoint, extensions: [...extensions, ...extensions] }, signer)
    expect(ledgerRefusal(() => claimedLogKey(two), 'LEDGER_NOTE_KEY')).toContain('several keys')
    const bad = signCheckpoint({ ...checkpoint, extensions: ['key north+00000000+AAAA'] }, signer)
    ledgerRefusal(() => claimedLogKey(bad), 'LEDGER_NOTE_KEY')
    ledgerRefusal(() => claimedLogKey(bytes('no note')), 'LEDGER_NOTE_MALFORMED')
    ledgerRefusal(() => claimedLogKey(signNote('no checkpoint\n', [signer])), 'LEDGER_CHECKPOINT_MALFORMED')
  })
})
