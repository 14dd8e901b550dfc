import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonicalJson } from '../../src/crypto/index.ts'
import { encodeLeaf, type Leaf, parseLeaf, parseSignedReceipt } from '../../src/ledger/index.ts'
import { digestOf, first, opening, seal, second } from './receipts.ts'
import { ledgerRefusal } from './refusals.ts'

const sealed = seal(second, first)
const leaves: { [K in Leaf['kind']]: Extract<Leaf, { kind: K }> } = {
  receipt: { kind: 'receipt', ...parseSignedReceipt(sealed) },
  approval: {
    kind: 'approval',
    federation: 'north',
    run: second.run,
    jobDigest: second.jobDigest,
    party: 'alpha',
    decision: 'accepted',
    signature: null,
  },
  policy: { kind: 'policy', federation: 'north', version: 3, digest: second.policyDigest },
  membership: { kind: 'membership', federation: 'north', party: 'delta', change: 'added', key: digestOf('key') },
}

describe.each(Object.values(leaves))('a leaf: $kind', (leaf) => {
  const bytes = encodeLeaf(leaf)

  it('is a label, a zero byte and canonical JSON, and is read back', () => {
    expect(Buffer.from(bytes)).toEqual(Buffer.concat([Buffer.from('coffer-ledger-leaf-v1\0'), canonicalJson(leaf)]))
    expect(parseLeaf(bytes)).toEqual(leaf)
  })

  it('has one form: any other bytes are another leaf or none', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        for (const other of [
          bytes.map((each, index) => (index === at ? each ^ change : each)),
          bytes.subarray(0, at),
          Uint8Array.of(...bytes, change),
        ]) {
          const read = readable(other)
          if (read !== undefined) expect(encodeLeaf(read)).toEqual(other)
        }
      }),
    )
    ledgerRefusal(() => parseLeaf(bytes.subarray(0, -1)), 'LEDGER_LEAF_MALFORMED')
    ledgerRefusal(() => parseLeaf(Uint8Array.of(...bytes, 0)), 'LEDGER_LEAF_MALFORMED')
  })
})

function readable(bytes: Uint8Array): Leaf | undefined {
  let read: Leaf | undefined
  try {
    read = parseLeaf(bytes)
  } catch {
    ledgerRefusal(() => parseLeaf(bytes), 'LEDGER_LEAF_MALFORMED')
  }
  return read
}

test('other decisions, changes and a signed approval', () => {
  const signed: Leaf = { ...leaves.approval, decision: 'declined', signature: 'ab'.repeat(64) }
  expect(parseLeaf(encodeLeaf(signed))).toEqual(signed)
  const revoked: Leaf = { ...leaves.membership, change: 'revoked' }
  expect(parseLeaf(encodeLeaf(revoked))).toEqual(revoked)
  const without: Leaf = { kind: 'receipt', ...parseSignedReceipt(seal(opening, first)) }
  expect(parseLeaf(encodeLeaf(without))).toEqual(without)
})

test.each<[string, object]>([
  ['an unknown kind', { ...leaves.policy, kind: 'rumour' }],
  ['a kind of another leaf', { ...leaves.policy, kind: 'membership' }],
  ['no kind', { ...leaves.policy, kind: undefined }],
  ['version 0', { ...leaves.policy, version: 0 }],
  ['a federation that is no name', { ...leaves.policy, federation: '' }],
  ['a digest that is none', { ...leaves.policy, digest: 'abc' }],
  ['an unknown decision', { ...leaves.approval, decision: 'perhaps' }],
  ['a short signature', { ...leaves.approval, signature: 'ab' }],
  ['a run that is no id', { ...leaves.approval, run: 'run' }],
  ['an unknown change', { ...leaves.membership, change: 'renamed' }],
  ['a receipt without signature', { ...leaves.receipt, signature: null }],
  ['a receipt that is none', { ...leaves.receipt, receipt: { ...second, round: -1 } }],
])('is not entered: %s', (_, wrong) => {
  const leaf: Leaf = Object.assign({ ...leaves.policy }, wrong)
  ledgerRefusal(() => encodeLeaf(leaf), 'LEDGER_LEAF_MALFORMED')
})

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['JSON without the label', canonicalJson(leaves.policy)],
  ['a sealed receipt', sealed],
  ['the label alone', Buffer.from('coffer-ledger-leaf-v1\0')],
  ['another label', Buffer.concat([Buffer.from('coffer-ledger-leaf-v2\0'), canonicalJson(leaves.policy)])],
  ['no JSON', Buffer.from('coffer-ledger-leaf-v1\0{')],
  ['a list', Buffer.from('coffer-ledger-leaf-v1\0[]')],
  ['a member more', Buffer.concat([Buffer.from('coffer-ledger-leaf-v1\0'), canonicalJson({ ...leaves.policy, a: 1 })])],
  ['300,000 bytes', Buffer.concat([Buffer.from('coffer-ledger-leaf-v1\0'), Buffer.alloc(300_000, ' ')])],
])('is not read: %s', (_, bytes) => {
  ledgerRefusal(() => parseLeaf(bytes), 'LEDGER_LEAF_MALFORMED')
})
