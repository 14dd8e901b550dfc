/**
 * A receipt is the aggregator's statement about one round: whose updates the sum was made of, with which weights, under
 * which job and policy, from which model to which. It is signed by the receipt key that every party attested, and names
 * the receipt before it. So a party that keeps its last receipt notices an aggregator that was rolled back or doubled.
 *
 * The file form is canonical JSON { receipt, signature }; what is signed is the format, a zero byte, and the canonical
 * JSON of the receipt. Its hash is that of the signed bytes, without the signature.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { canonicalJson, fromHex, sha256, toHex } from '../crypto/index.ts'
import { ReceiptError } from './errors.ts'
import { Fields, nameForm, parseCanonical, runForm } from './fields.ts'
import { splitUpdates } from './receipt-updates.ts'

export const receiptFormat = 'coffer-receipt-v1'
const prefix = Buffer.from(`${receiptFormat}\0`)

export interface ReceiptUpdate {
  readonly party: string
  /** SHA-256 of the update's bytes. */
  readonly digest: string
  /** Training rows behind it, at least 1. */
  readonly weight: number
  /** The round whose model it answered: that of the receipt, or an earlier one where the job lets late updates count. */
  readonly base: number
}

/** Digests are SHA-256 in lower-case hexadecimal. */
export interface Receipt {
  readonly federation: string
  readonly run: string
  readonly jobDigest: string
  readonly policyDigest: string
  /** 16 bytes, hex: the start of the aggregator that made the sum. */
  readonly epoch: string
  readonly round: number
  /** By party, ascending, no party twice; at most 1,024. */
  readonly updates: readonly ReceiptUpdate[]
  /** L2 norm to which each update was clipped; null without clipping. */
  readonly clip: number | null
  /** Deviation of the Gaussian noise over the clip norm; null without noise. */
  readonly noise: number | null
  readonly modelBefore: string
  readonly modelAfter: string
  /**
   * Digest of everything that the next round starts from: the model, and what the strategy, the clip norm, the privacy
   * budget and late updates carry on. An aggregator that restarts shows by it that it goes on from here, and from
   * nothing that was made up or older.
   */
  readonly stateAfter: string
  /** By the whole run until and with this round; null without a privacy budget. */
  readonly privacySpent: { readonly epsilon: number; readonly delta: number } | null
  /** `receiptHash` of the receipt before; null for the first of a run. */
  readonly previous: string | null
}

/** As many parties as a run takes, with about 230 bytes each at most. */
const MOST_UPDATES = 1024
export const MAXIMUM_RECEIPT_BYTES = 262_144
const SIGNATURE_BYTES = 64

/** A receipt with the signature it came with, which says nothing until it is verified. */
export interface SignedReceipt {
  readonly receipt: Receipt
  /** Ed25519, lower-case hexadecimal. */
  readonly signature: string
}

/** One that came sealed, read once: what it was read from, and its `receiptHash`. */
export interface ParsedReceipt extends SignedReceipt {
  readonly sealed: Uint8Array
  readonly hash: string
}

/** What stands around the receipt in the file form, which is canonical: there are no other members. */
const BEFORE = Buffer.from('{"receipt":')
const afterOf = (signature: string): Uint8Array => Buffer.from(`,"signature":"${signature}"}`)
const AFTER_BYTES = afterOf('').length + 2 * SIGNATURE_BYTES

/** Throws ReceiptError RECEIPT_MALFORMED. @param sign Ed25519 by the receipt key, 64 bytes */
export const sealReceipt = (receipt: Receipt, sign: (message: Uint8Array) => Uint8Array): Uint8Array =>
  sealAndHash(receipt, sign).sealed

/** Both forms from one pass over what may be a thousand parties. Throws ReceiptError RECEIPT_MALFORMED. */
export function sealAndHash(
  receipt: Receipt,
  sign: (message: Uint8Array) => Uint8Array,
): { readonly sealed: Uint8Array; readonly hash: string } {
  const checked = readReceipt(new Fields(receipt, 'receipt', malformed))
  const json = canonicalJson(checked)
  const signature = sign(messageOf(json))
  if (signature.length !== SIGNATURE_BYTES) {
    throw malformed(`a signature of ${signature.length} bytes, expected ${SIGNATURE_BYTES}`)
  }
  return { sealed: new Uint8Array(Buffer.concat([BEFORE, json, afterOf(toHex(signature))])), hash: hashOf(json) }
}

/**
 * Throws ReceiptError RECEIPT_MALFORMED, RECEIPT_KEY, RECEIPT_SIGNATURE.
 * @param receiptKey the attested key: SubjectPublicKeyInfo (DER) in hexadecimal
 */
export function openReceipt(sealed: Uint8Array, receiptKey: string): Receipt {
  const parsed = parseReceipt(sealed)
  requireSigned(parsed, receiptKey)
  return parsed.receipt
}

/** The form only. Throws ReceiptError RECEIPT_MALFORMED. */
export function parseReceipt(sealed: Uint8Array): ParsedReceipt {
  return { ...parseSignedReceipt(sealed), sealed, hash: hashOf(jsonOf(sealed)) }
}

/** The form only. Throws ReceiptError RECEIPT_MALFORMED. */
export function parseSignedReceipt(sealed: Uint8Array): SignedReceipt {
  const split = sealed.length > MAXIMUM_RECEIPT_BYTES ? undefined : splitUpdates(sealed, MOST_UPDATES)
  const parse = (bytes: Uint8Array) =>
    parseCanonical(bytes, 'signed receipt', MAXIMUM_RECEIPT_BYTES, readSignedReceipt, malformed)
  if (split === undefined) return parse(sealed)
  const { receipt, signature } = parse(split.rest)
  const { updates } = split
  if (updates.some(({ base }) => base > receipt.round)) return parse(sealed)
  return { receipt: { ...receipt, updates }, signature }
}

/** Throws ReceiptError RECEIPT_KEY or RECEIPT_SIGNATURE. */
export function requireSigned({ receipt, signature, sealed }: ParsedReceipt, receiptKey: string): void {
  if (verify(null, messageOf(jsonOf(sealed)), publicKeyOf(receiptKey), fromHex(signature))) return
  const text = `the receipt of run ${receipt.run} round ${receipt.round} is not signed by the attested key`
  throw new ReceiptError([{ code: 'RECEIPT_SIGNATURE', text }])
}

/** SHA-256 over what is signed, hex: what the next receipt names as `previous`. */
export const receiptHash = (receipt: Receipt): string => hashOf(canonicalJson(receipt))

const hashOf = (json: Uint8Array): string => toHex(sha256(prefix, json))
const messageOf = (json: Uint8Array): Uint8Array => Buffer.concat([prefix, json])

/** The receipt's own canonical JSON, as it stands in the file form. */
const jsonOf = (sealed: Uint8Array): Uint8Array => sealed.subarray(BEFORE.length, sealed.length - AFTER_BYTES)

export const readSignedReceipt = (fields: Fields): SignedReceipt => ({
  receipt: readReceipt(fields.object('receipt')),
  signature: fields.hex('signature', SIGNATURE_BYTES),
})

function readReceipt(fields: Fields): Receipt {
  return {
    federation: fields.matching('federation', nameForm),
    run: fields.matching('run', runForm),
    jobDigest: fields.hex('jobDigest', 32),
    policyDigest: fields.hex('policyDigest', 32),
    epoch: fields.hex('epoch', 16),
    round: fields.whole('round', 0),
    updates: readUpdates(fields),
    clip: fields.orNull('clip', () => fields.amount('clip')),
    noise: fields.orNull('noise', () => fields.amount('noise')),
    modelBefore: fields.hex('modelBefore', 32),
    modelAfter: fields.hex('modelAfter', 32),
    stateAfter: fields.hex('stateAfter', 32),
    privacySpent: fields.orNull('privacySpent', () => readPrivacy(fields.object('privacySpent'))),
    previous: fields.orNull('previous', () => fields.hex('previous', 32)),
  }
}

const readPrivacy = (fields: Fields) => ({ epsilon: fields.amount('epsilon'), delta: fields.amount('delta') })

function readUpdates(fields: Fields): ReceiptUpdate[] {
  const updates = fields.objects('updates', MOST_UPDATES).map((each) => ({
    party: each.matching('party', nameForm),
    digest: each.hex('digest', 32),
    weight: each.whole('weight', 1),
    base: each.whole('base', 0),
  }))
  const round = fields.whole('round', 0)
  if (updates.some(({ base }) => base > round)) throw fields.refused('updates', `answers to rounds until ${round}`)
  const unsorted = updates.some(({ party }, at) => party <= (updates[at - 1]?.party ?? ''))
  if (unsorted) throw fields.refused('updates', 'parties in ascending order, each once')
  return updates
}

/** An aggregator has one key for all rounds that it plays, and parsing it takes longer than the check of a signature. */
const keys = new Map<string, KeyObject>()
const KEPT_KEYS = 64

function publicKeyOf(spki: string): KeyObject {
  const known = keys.get(spki)
  if (known) return known
  // RFC 8410, section 4: 12 fixed bytes, then 32 of the key.
  if (/^302a300506032b6570032100[0-9a-f]{64}$/.test(spki)) {
    const key = createPublicKey({ key: Buffer.from(spki, 'hex'), format: 'der', type: 'spki' })
    if (keys.size >= KEPT_KEYS) keys.clear()
    keys.set(spki, key)
    return key
  }
  throw new ReceiptError([{ code: 'RECEIPT_KEY', text: 'the receipt key is no Ed25519 public key (SPKI, DER, hex)' }])
}

const malformed = (text: string, cause?: unknown): ReceiptError =>
  new ReceiptError([{ code: 'RECEIPT_MALFORMED', text }], { cause })
