import { describe, expect, it } from 'vitest'
import {
  checkReceipt,
  type Receipt,
  type ReceiptCode,
  type ReceiptExpectation,
  receiptHash,
  verifyChain,
} from '../../src/ledger/index.ts'
import { continued, createEpoch, digestOf, expected, first, opening, seal, second } from './receipts.ts'
import { receiptRefusal } from './refusals.ts'

const without = (party: string) => second.updates.filter((each) => each.party !== party)
const replaced = (party: string, change: object) =>
  second.updates.map((each) => (each.party === party ? { ...each, ...change } : each))

describe('a receipt of a round', () => {
  it('is accepted where everything is as the party knows it', () => {
    checkReceipt(second, expected)
    checkReceipt({ ...second, updates: without('beta') }, { ...expected, update: null, minimumParties: 2 })
    checkReceipt(opening, {
      ...expected,
      round: 0,
      update: { digest: digestOf('beta 0'), weight: 100, base: 0 },
      modelBefore: opening.modelBefore,
      previous: null,
    })
  })

  it.each<[ReceiptCode, Partial<Receipt>]>([
    ['RECEIPT_FEDERATION', { federation: 'south' }],
    ['RECEIPT_RUN', { run: 'f'.repeat(32) }],
    ['RECEIPT_JOB', { jobDigest: digestOf('other') }],
    ['RECEIPT_POLICY', { policyDigest: digestOf('other') }],
    ['RECEIPT_EPOCH', { epoch: 'f'.repeat(32) }],
    ['RECEIPT_ROUND', { round: 2 }],
    ['RECEIPT_ROUND', { round: 0 }],
    ['RECEIPT_PREVIOUS', { previous: digestOf('other') }],
    ['RECEIPT_PREVIOUS', { previous: null }],
    ['RECEIPT_MODEL', { modelBefore: digestOf('other') }],
    ['RECEIPT_UPDATE_DIGEST', { updates: replaced('beta', { digest: digestOf('other') }) }],
    ['RECEIPT_UPDATE_WEIGHT', { updates: replaced('beta', { weight: 1 }) }],
    ['RECEIPT_UPDATE_BASE', { updates: replaced('beta', { base: 0 }) }],
    ['RECEIPT_TOO_FEW', { updates: without('gamma') }],
    [
      'RECEIPT_STRANGER',
      { updates: [...second.updates, { party: 'mallory', digest: digestOf('m'), weight: 1, base: 1 }] },
    ],
  ])('%s: %j', (code, change) => {
    expect(receiptRefusal(() => checkReceipt({ ...second, ...change }, expected))).toEqual([code])
  })

  it('has a late update as what it is: the answer to the round before', () => {
    const late = { ...second, updates: replaced('beta', { digest: digestOf('beta 0'), base: 0 }) }
    checkReceipt(late, { ...expected, update: { digest: digestOf('beta 0'), weight: 100, base: 0 } })
  })

  it('lacks the own update', () => {
    const lacking = {
      ...second,
      updates: [...without('beta'), { party: 'delta', digest: digestOf('d'), weight: 1, base: 1 }],
    }
    expect(receiptRefusal(() => checkReceipt(lacking, expected))).toEqual(['RECEIPT_UPDATE_MISSING'])
  })

  it('has an update in the name of a party that sent none', () => {
    const silent: ReceiptExpectation = { ...expected, update: null }
    expect(receiptRefusal(() => checkReceipt(second, silent))).toEqual(['RECEIPT_UPDATE_FOREIGN'])
  })

  it('does not reach the minimum with names that the job does not have, or with one name twice', () => {
    const made = {
      ...second,
      updates: [...without('gamma'), { party: 'mallory', digest: digestOf('m'), weight: 1, base: 1 }],
    }
    expect(receiptRefusal(() => checkReceipt(made, expected))).toEqual(['RECEIPT_STRANGER', 'RECEIPT_TOO_FEW'])
    // Such a receipt is not read at all; who makes one in memory does not get past the count either.
    const twice = { ...second, updates: [...without('gamma'), ...without('gamma')] }
    expect(receiptRefusal(() => checkReceipt(twice, expected))).toEqual(['RECEIPT_TOO_FEW'])
  })

  it('is refused with every difference at once', () => {
    const other: ReceiptExpectation = {
      federation: 'south',
      run: 'f'.repeat(32),
      jobDigest: digestOf('a'),
      policyDigest: digestOf('b'),
      epoch: 'f'.repeat(32),
      round: 7,
      party: 'beta',
      update: { digest: digestOf('c'), weight: 5, base: 3 },
      parties: ['beta'],
      minimumParties: 2,
      modelBefore: digestOf('d'),
      previous: null,
    }
    expect(receiptRefusal(() => checkReceipt(second, other))).toEqual([
      'RECEIPT_FEDERATION',
      'RECEIPT_RUN',
      'RECEIPT_JOB',
      'RECEIPT_POLICY',
      'RECEIPT_EPOCH',
      'RECEIPT_ROUND',
      'RECEIPT_PREVIOUS',
      'RECEIPT_MODEL',
      'RECEIPT_UPDATE_DIGEST',
      'RECEIPT_UPDATE_WEIGHT',
      'RECEIPT_UPDATE_BASE',
      'RECEIPT_STRANGER',
      'RECEIPT_TOO_FEW',
    ])
  })
})

describe('an aggregator that is rolled back or doubled', () => {
  it('is noticed by the party that keeps its last receipt', () => {
    const third = continued(second)
    const after: ReceiptExpectation = {
      ...expected,
      round: 3,
      update: { digest: digestOf('beta 3'), weight: 100, base: 3 },
      modelBefore: third.modelAfter,
      previous: receiptHash(third),
    }
    checkReceipt(continued(third), after)
    // Restored to a copy of after the first round, it repeats what came then.
    const repeated = continued(second)
    expect(receiptRefusal(() => checkReceipt(repeated, after))).toContain('RECEIPT_ROUND')
    // A copy that went its own way in the third round.
    const fork = continued({ ...third, updates: without('alpha'), modelAfter: digestOf('another model') })
    expect(receiptRefusal(() => checkReceipt({ ...fork, updates: continued(third).updates }, after))).toEqual([
      'RECEIPT_PREVIOUS',
      'RECEIPT_MODEL',
    ])
  })
})

describe('the chain of a run', () => {
  const keys = new Map([[first.epoch, first.receiptKey]])
  const third = continued(second)
  const chainOf = (...receipts: Receipt[]) => receipts.map((each) => seal(each, first))
  const refused = (...receipts: Receipt[]) => receiptRefusal(() => verifyChain(chainOf(...receipts), keys))

  it('is accepted from the first receipt to the last', () => {
    expect(verifyChain(chainOf(opening, second, third), keys)).toEqual([opening, second, third])
    expect(verifyChain(chainOf(opening), keys)).toEqual([opening])
  })

  it('goes on over a restart, each epoch with its own key', () => {
    const restarted = createEpoch('second')
    const bothKeys = new Map([...keys, [restarted.epoch, restarted.receiptKey]])
    const afterRestart = continued(second, { epoch: restarted.epoch })
    const sealed = [...chainOf(opening, second), seal(afterRestart, restarted)]
    expect(verifyChain(sealed, bothKeys)).toEqual([opening, second, afterRestart])
    expect(receiptRefusal(() => verifyChain(sealed, keys))).toEqual(['RECEIPT_EPOCH'])
    const wrongKey = [...chainOf(opening, second), seal(afterRestart, first)]
    expect(receiptRefusal(() => verifyChain(wrongKey, bothKeys))).toEqual(['RECEIPT_SIGNATURE'])
    // The first epoch is over: if it signs again, two aggregators run.
    const returned = continued(afterRestart, { epoch: first.epoch })
    const doubled = [...sealed, seal(returned, first)]
    expect(receiptRefusal(() => verifyChain(doubled, bothKeys))).toEqual(['RECEIPT_EPOCH'])
  })

  it('is refused where it is empty', () => {
    expect(receiptRefusal(() => verifyChain([], keys))).toEqual(['RECEIPT_CHAIN_EMPTY'])
  })

  it('is refused where a receipt is missing, repeated or out of order', () => {
    expect(refused(second, third)).toEqual(['RECEIPT_ROUND', 'RECEIPT_PREVIOUS'])
    expect(refused(opening, third)).toEqual(['RECEIPT_ROUND', 'RECEIPT_PREVIOUS', 'RECEIPT_MODEL'])
    expect(refused(opening, opening)).toEqual(['RECEIPT_ROUND', 'RECEIPT_PREVIOUS'])
    expect(refused(opening, third, second)).toContain('RECEIPT_ROUND')
    expect(refused({ ...opening, round: 4 })).toEqual(['RECEIPT_ROUND'])
  })

  it.each<[ReceiptCode, Partial<Receipt>]>([
    ['RECEIPT_FEDERATION', { federation: 'south' }],
    ['RECEIPT_RUN', { run: 'f'.repeat(32) }],
    ['RECEIPT_JOB', { jobDigest: digestOf('other') }],
    ['RECEIPT_POLICY', { policyDigest: digestOf('other') }],
    ['RECEIPT_PREVIOUS', { previous: receiptHash(opening) }],
    ['RECEIPT_MODEL', { modelBefore: digestOf('other') }],
  ])('is refused where it changes on the way: %s', (code, change) => {
    expect(refused(opening, second, { ...third, ...change })).toEqual([code])
  })

  it('is refused where a receipt is not genuine', () => {
    const [one = new Uint8Array(), two = new Uint8Array()] = chainOf(opening, second)
    expect(receiptRefusal(() => verifyChain([one, two.subarray(1)], keys))).toEqual(['RECEIPT_MALFORMED'])
    const forged = seal(second, createEpoch('first'))
    expect(receiptRefusal(() => verifyChain([one, forged], keys))).toEqual(['RECEIPT_SIGNATURE'])
    expect(receiptRefusal(() => verifyChain([one], new Map([[first.epoch, 'no key']])))).toEqual(['RECEIPT_KEY'])
  })
})
