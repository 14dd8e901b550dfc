import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonicalJson, sha256, toHex } from '../../src/crypto/index.ts'
import {
  LedgerError,
  openReceipt,
  parseLeaf,
  parseReceipt,
  type Receipt,
  ReceiptError,
  receiptFormat,
  receiptHash,
  type ReceiptUpdate,
  sealReceipt,
} from '../../src/ledger/index.ts'
import { createEpoch, first, opening, seal, second } from './receipts.ts'
import { receiptRefusal } from './refusals.ts'

const open = (bytes: Uint8Array, key = first.receiptKey): Receipt => openReceipt(bytes, key)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const sealed = seal(second, first)

/** The largest updates that there may be. */
const crowdOf = (count: number, base: number): ReceiptUpdate[] =>
  Array.from({ length: count }, (_, at) => {
    return { party: `p${String(at).padStart(62, '0')}`, digest: 'f'.repeat(64), weight: Number.MAX_SAFE_INTEGER, base }
  })

test('a receipt is sealed and opened', () => {
  expect(open(sealed)).toEqual(second)
  expect(open(seal(opening, first))).toEqual(opening)
  const round = Number.MAX_SAFE_INTEGER
  expect(open(seal({ ...second, round, updates: crowdOf(1024, round) }, first)).updates).toHaveLength(1024)
  expect(open(seal({ ...second, updates: [] }, first)).updates).toEqual([])
})

test('what is signed and hashed is the format, a zero byte and the canonical receipt', () => {
  const message = Buffer.concat([Buffer.from(receiptFormat), Buffer.of(0), canonicalJson(second)])
  const signature = sign(null, message, first.privateKey).toString('hex')
  expect(textOf(sealed)).toBe(textOf(canonicalJson({ receipt: second, signature })))
  expect(receiptHash(second)).toBe(toHex(sha256(message)))
})

test('a receipt is read once: its hash is that of what was signed', () => {
  const { receipt, hash, sealed: kept } = parseReceipt(sealed)
  expect({ receipt, hash, kept }).toEqual({ receipt: second, hash: receiptHash(second), kept: sealed })
})

describe('the quick reading of the updates', () => {
  /** The same document in a leaf, which is read value by value. */
  const slowly = (text: string): Receipt | undefined => {
    const leaf = parseLeaf(bytesOf(`coffer-ledger-leaf-v1\0{"kind":"receipt",${text.slice(1)}`))
    return leaf.kind === 'receipt' ? leaf.receipt : undefined
  }
  const quickly = (text: string): Receipt | undefined => parseReceipt(bytesOf(text)).receipt
  const outcome = (read: () => Receipt | undefined): unknown => {
    try {
      return read()
    } catch (error) {
      if (error instanceof ReceiptError || error instanceof LedgerError) return 'refused'
      throw error
    }
  }
  const text = textOf(sealed)
  const list = '"updates":[{"base":1,'

  it.each([
    ['as it is', text],
    ['without updates', text.replace(/"updates":\[.*\]/, '"updates":[]')],
    ['a number with a zero before it', text.replace('"weight":100', '"weight":0100')],
    ['a number as another text', text.replace('"weight":100', '"weight":1e2')],
    ['a number beyond the safe ones', text.replace('"weight":100', '"weight":9007199254740993')],
    ['no weight', text.replace('"weight":100', '"weight":0')],
    ['an answer to a later round', text.replace(list, list.replace('1', '2'))],
    ['a space', text.replace(list, `${list} `)],
    ['an escaped letter', text.replace('"party":"alpha"', '"party":"\\u0061lpha"')],
    ['members in another order', text.replace(/("party":"alpha"),("weight":100)/, '$2,$1')],
    ['another member', text.replace('"weight":100}', '"weight":100,"x":1}')],
    ['a party twice', text.replace('"party":"beta"', '"party":"alpha"')],
    ['parties in another order', text.replace('"party":"beta"', '"party":"zeta"')],
    ['a comma at the end', text.replace('}],', '},],').replace('}]}', '},]}')],
    ['two lists', text.replace('"updates":[', '"updates":[],"updates":[')],
    ['a list elsewhere', text.replace('"delta":', '"a":1,"updates":[{"base":1},"delta":')],
    ['a list as text', text.replace('"north"', '"north,\\"updates\\":["')],
    ['bytes that are no UTF-8', text.replace('"north"', '"n\ud800orth"')],
  ])('ends as the slow one does: %s', (_, changed) => {
    expect(outcome(() => quickly(changed))).toEqual(outcome(() => slowly(changed)))
  })

  it('ends as the slow one does, whatever is changed', () => {
    const inserted = fc.constantFrom('', '"', ',', '0', '9', 'a', '}', ']', '[', '{', ',"updates":[', '\\', ' ', 'é')
    const change = fc.tuple(fc.integer({ min: 1, max: text.length - 1 }), fc.nat({ max: 3 }), inserted)
    fc.assert(
      fc.property(change, ([at, gone, put]) => {
        const changed = text.slice(0, at) + put + text.slice(at + gone)
        expect(outcome(() => quickly(changed))).toEqual(outcome(() => slowly(changed)))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a seal', () => {
  it('of another key is refused', () => {
    expect(receiptRefusal(() => open(sealed, createEpoch('other').receiptKey))).toEqual(['RECEIPT_SIGNATURE'])
  })

  it('over the same JSON without the format is refused', () => {
    const bare = sealReceipt(second, () => new Uint8Array(sign(null, canonicalJson(second), first.privateKey)))
    expect(receiptRefusal(() => open(bare))).toEqual(['RECEIPT_SIGNATURE'])
  })

  it('does not cover another receipt', () => {
    const changed = bytesOf(textOf(sealed).replace('"round":1', '"round":2'))
    expect(receiptRefusal(() => open(changed))).toEqual(['RECEIPT_SIGNATURE'])
  })

  it.each([
    ['nothing', ''],
    ['no hexadecimal', first.receiptKey.replace('30', 'zz')],
    ['a byte too many', `${first.receiptKey}00`],
    ['upper case', first.receiptKey.toUpperCase()],
    ['an X25519 key', generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).toString('hex')],
  ])('is checked with an Ed25519 key: %s', (_, key) => {
    expect(receiptRefusal(() => open(sealed, key))).toEqual(['RECEIPT_KEY'])
  })

  it('has 64 bytes', () => {
    expect(receiptRefusal(() => sealReceipt(second, () => new Uint8Array(63)))).toEqual(['RECEIPT_MALFORMED'])
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const key = createPrivateKey(rsa.export({ format: 'pem', type: 'pkcs8' }))
    const seal = () => sealReceipt(second, (message) => new Uint8Array(sign('sha256', message, key)))
    expect(receiptRefusal(seal)).toEqual(['RECEIPT_MALFORMED'])
  })
})

describe('the form', () => {
  const [one, two] = second.updates
  if (one === undefined || two === undefined) throw new Error('there are updates')

  it.each<[string, object]>([
    ['a federation that is no name', { federation: 'North!' }],
    ['a run that is no id', { run: 'my-run' }],
    ['a short digest', { jobDigest: 'ab' }],
    ['upper case', { policyDigest: second.policyDigest.toUpperCase() }],
    ['a long epoch', { epoch: `${second.epoch}00` }],
    ['a negative round', { round: -1 }],
    ['half a round', { round: 0.5 }],
    ['a round as text', { round: '1' }],
    ['parties in another order', { updates: [two, one] }],
    ['a party twice', { updates: [one, one] }],
    ['no weight', { updates: [{ ...one, weight: 0 }] }],
    ['a weight beyond 2^53', { updates: [{ ...one, weight: 2 ** 53 }] }],
    ['an answer to a later round', { updates: [{ ...one, base: 2 }] }],
    ['an answer to no round', { updates: [{ ...one, base: undefined }] }],
    ['an update that is none', { updates: ['alpha'] }],
    ['updates that are no list', { updates: { alpha: one } }],
    ['1,025 updates', { updates: crowdOf(1025, 1) }],
    ['a negative clip', { clip: -1 }],
    ['endless noise', { noise: Number.POSITIVE_INFINITY }],
    ['no clip at all', { clip: undefined }],
    ['privacy without delta', { privacySpent: { epsilon: 1 } }],
    ['privacy as a number', { privacySpent: 1 }],
    ['no model', { modelAfter: null }],
    ['no state', { stateAfter: undefined }],
    ['a previous that is no digest', { previous: 'none' }],
  ])('is refused: %s', (_, wrong) => {
    // What a program without types could pass.
    const receipt: Receipt = Object.assign({ ...second }, wrong)
    expect(receiptRefusal(() => seal(receipt, first))).toEqual(['RECEIPT_MALFORMED'])
  })

  it.each<[string, (text: string) => string]>([
    ['a space', (text) => text.replace(':', ': ')],
    ['a space at the end', (text) => `${text} `],
    ['a zero byte at the end', (text) => `${text}\0`],
    ['another order', (text) => text.replace(/"clip":1.5,(.*)"jobDigest"/, '$1"clip":1.5,"jobDigest"')],
    ['a member more', (text) => text.replace('"clip"', '"a":1,"clip"')],
    ['a member more outside', (text) => text.replace('{"receipt"', '{"a":1,"receipt"')],
    ['a member twice', (text) => text.replace('"clip":1.5', '"clip":9,"clip":1.5')],
    ['another spelling of a number', (text) => text.replace('"clip":1.5', '"clip":1.50')],
    ['another spelling of text', (text) => text.replace('north', '\\u006eorth')],
    ['minus zero', (text) => text.replace('"noise":0.8', '"noise":-0')],
    ['__proto__', (text) => text.replace('"clip"', '"__proto__":{},"clip"')],
    ['no signature', (text) => text.replace(/,"signature":"[0-9a-f]+"/, '')],
    ['a short signature', (text) => text.replace(/.."}$/, '"}')],
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['a list', (text) => `[${text}]`],
    ['null', () => 'null'],
    ['nothing', () => ''],
    ['200,000 brackets', () => '['.repeat(200_000)],
    ['300,000 bytes', (text) => text + ' '.repeat(300_000)],
  ])('is not read: %s', (_, change) => {
    const text = change(textOf(sealed))
    expect(text).not.toBe(textOf(sealed))
    expect(receiptRefusal(() => open(bytesOf(text)))).toEqual(['RECEIPT_MALFORMED'])
  })

  it('is not even parsed where it is too long', () => {
    expect(() => open(new Uint8Array(262_145))).toThrow('found 262145 bytes, expected at most 262144')
  })

  it('is not read where it is not UTF-8', () => {
    expect(receiptRefusal(() => open(Uint8Array.of(0xff, ...sealed)))).toEqual(['RECEIPT_MALFORMED'])
  })
})

test('no byte of a sealed receipt can be changed, cut or added', () => {
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const refused = (bytes: Uint8Array) =>
        expect(receiptRefusal(() => open(bytes))[0]).toMatch(/^RECEIPT_(MALFORMED|SIGNATURE)$/)
      refused(sealed.map((each, index) => (index === at ? each ^ change : each)))
      refused(sealed.subarray(0, at))
      refused(Uint8Array.of(...sealed.subarray(0, at), change, ...sealed.subarray(at)))
    }),
  )
})
