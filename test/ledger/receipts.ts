/** A run of three rounds as its receipts, signed by the key of a pretended epoch. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { type Receipt, type ReceiptExpectation, receiptHash, sealReceipt } from '../../src/ledger/index.ts'

export const digestOf = (text: string): string => toHex(sha256(new TextEncoder().encode(text)))

interface Epoch {
  readonly epoch: string
  readonly receiptKey: string
  readonly privateKey: KeyObject
}

export function createEpoch(name: string): Epoch {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const receiptKey = publicKey.export({ format: 'der', type: 'spki' }).toString('hex')
  return { epoch: digestOf(name).slice(0, 32), receiptKey, privateKey }
}

export const seal = (receipt: Receipt, { privateKey }: Epoch): Uint8Array =>
  sealReceipt(receipt, (message) => new Uint8Array(sign(null, message, privateKey)))

export const first = createEpoch('first')

/** Of round 0. */
export const opening: Receipt = {
  federation: 'north',
  run: digestOf('run').slice(0, 32),
  jobDigest: digestOf('job'),
  policyDigest: digestOf('policy'),
  epoch: first.epoch,
  round: 0,
  updates: ['alpha', 'beta', 'gamma'].map((party) => ({ party, digest: digestOf(`${party} 0`), weight: 100, base: 0 })),
  clip: null,
  noise: null,
  modelBefore: digestOf('model 0'),
  modelAfter: digestOf('model 0'),
  stateAfter: digestOf('state 0'),
  privacySpent: null,
  previous: null,
}

/** The round after, as an honest aggregator states it. */
export function continued(before: Receipt, changes: Partial<Receipt> = {}): Receipt {
  const round = before.round + 1
  return {
    ...before,
    round,
    updates: before.updates.map((each) => ({ ...each, digest: digestOf(`${each.party} ${round}`), base: round })),
    modelBefore: before.modelAfter,
    modelAfter: digestOf(`model ${round}`),
    stateAfter: digestOf(`state ${round}`),
    previous: receiptHash(before),
    ...changes,
  }
}

export const second = continued(opening, { clip: 1.5, noise: 0.8, privacySpent: { epsilon: 0.1, delta: 1e-6 } })

/** What beta expects of the second receipt. */
export const expected: ReceiptExpectation = {
  federation: second.federation,
  run: second.run,
  jobDigest: second.jobDigest,
  policyDigest: second.policyDigest,
  epoch: second.epoch,
  round: 1,
  party: 'beta',
  update: { digest: digestOf('beta 1'), weight: 100, base: 1 },
  parties: ['alpha', 'beta', 'gamma', 'delta'],
  minimumParties: 3,
  modelBefore: opening.modelAfter,
  previous: receiptHash(opening),
}
