/** The receipts that an aggregator makes are what parties check: genuine, in one chain, under the key it attested. */
import { sign } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createProver } from '../../src/aggregator/prover.ts'
import { type ReceiptRound, Receipts } from '../../src/aggregator/receipts.ts'
import { parseStatement } from '../../src/attestation/index.ts'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { checkReceipt, openReceipt, ReceiptError, verifyChain } from '../../src/ledger/index.ts'
import { createEpoch, opening } from '../ledger/receipts.ts'
import { createTestAttestation } from '../support/attestation.ts'
import { createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'

const bytesOf = (text: string): Uint8Array => sha256(new TextEncoder().encode(text))
const { federation, run, jobDigest, policyDigest } = opening

function roundOf(round: number, changes: Partial<ReceiptRound> = {}): ReceiptRound {
  return {
    round,
    updates: ['beta', 'alpha'].map((party) => ({
      party,
      digest: toHex(bytesOf(`${party} ${round}`)),
      rows: 10,
      base: round,
    })),
    clip: 1.5,
    noise: 0.5,
    privacySpent: { epsilon: 1, delta: 1e-6 },
    modelBefore: bytesOf(`model ${round}`),
    modelAfter: bytesOf(`model ${round + 1}`),
    stateAfter: bytesOf(`state ${round + 1}`),
    ...changes,
  }
}

function createReceipts(name: string, last?: Uint8Array) {
  const { epoch, receiptKey, privateKey } = createEpoch(name)
  const frame = { federation, run, jobDigest, policyDigest, epoch }
  const receipts = new Receipts(frame, (message) => new Uint8Array(sign(null, message, privateKey)), last)
  return { receipts, epoch, receiptKey }
}

test('a receipt says what the round was made of, by party', () => {
  const { receipts, receiptKey, epoch } = createReceipts('first')
  const made = receipts.seal(roundOf(0))
  const receipt = openReceipt(made.sealed, receiptKey)
  expect(receipt).toEqual({
    federation,
    run,
    jobDigest,
    policyDigest,
    epoch,
    round: 0,
    updates: ['alpha', 'beta'].map((party) => {
      return { party, digest: toHex(bytesOf(`${party} 0`)), weight: 10, base: 0 }
    }),
    clip: 1.5,
    noise: 0.5,
    privacySpent: { epsilon: 1, delta: 1e-6 },
    modelBefore: toHex(bytesOf('model 0')),
    modelAfter: toHex(bytesOf('model 1')),
    stateAfter: toHex(bytesOf('state 1')),
    previous: null,
  })
})

test('the chain goes on over a restart, and a round that was not committed leaves no gap', () => {
  const first = createReceipts('first')
  const opened = first.receipts.seal(roundOf(0))
  first.receipts.add(opened)
  first.receipts.seal(roundOf(1, { noise: 0.7 }))
  const second = createReceipts('second', opened.sealed)
  const late = { party: 'gamma', digest: toHex(bytesOf('gamma 0')), rows: 5, base: 0 }
  const made = second.receipts.seal(roundOf(1, { updates: [late, ...roundOf(1).updates] }))
  second.receipts.add(made)
  const last = second.receipts.seal(roundOf(2))
  const keys = new Map([first, second].map(({ epoch, receiptKey }) => [epoch, receiptKey]))
  const chain = verifyChain([opened.sealed, made.sealed, last.sealed], keys)
  expect(chain.map(({ round }) => round)).toEqual([0, 1, 2])
  checkReceipt(openReceipt(made.sealed, second.receiptKey), {
    ...{ federation, run, jobDigest, policyDigest, epoch: second.epoch, round: 1, minimumParties: 2 },
    party: 'gamma',
    update: { digest: late.digest, weight: 5, base: 0 },
    parties: ['alpha', 'beta', 'gamma'],
    modelBefore: toHex(bytesOf('model 1')),
    previous: chain[1]?.previous ?? null,
  })
})

test('what no round can have is not signed', () => {
  const { receipts } = createReceipts('first')
  const [one] = roundOf(0).updates
  if (one === undefined) throw new Error('there is an update')
  const refused = (changes: Partial<ReceiptRound>) => {
    expect(() => receipts.seal(roundOf(0, changes))).toThrow(ReceiptError)
    expect(() => receipts.seal(roundOf(0, changes))).toThrow(expect.objectContaining({ code: 'RECEIPT_MALFORMED' }))
  }
  refused({ updates: [one, one] })
  refused({ updates: [{ ...one, rows: 0 }] })
  refused({ updates: [{ ...one, digest: 'none' }] })
  refused({ modelAfter: new Uint8Array(31) })
  refused({ noise: Number.NaN })
})

test('the prover signs with the key that its evidence names', async () => {
  const authority = await createAuthority(federation)
  const identity = await authority.issue('aggregator', 'aggregator')
  const {
    attester,
    policy,
    [Symbol.asyncDispose]: dispose,
  } = await createTestAttestation(federation, authority.rootPem)
  onTestFinished(dispose)
  const prover = createProver({ federation, identity, attester, policy, now: Date.now, log: createTestLog().log })
  const { quote, statement } = await prover.evidence()
  expect(quote.length).toBeGreaterThan(1000)
  const { context } = parseStatement(statement)
  expect({ epoch: context.epoch, receiptKey: context.receiptKey }).toEqual({
    epoch: prover.epoch,
    receiptKey: prover.receiptKey,
  })
  const frame = { federation, run, jobDigest, policyDigest, epoch: prover.epoch }
  const { sealed } = new Receipts(frame, prover.sign).seal(roundOf(0))
  expect(openReceipt(sealed, context.receiptKey).epoch).toBe(prover.epoch)
})
