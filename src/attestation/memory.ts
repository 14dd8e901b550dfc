/**
 * What verifications with one collateral found out and the next need not find out again: the certificates in a text, the
 * key object of a point, that a signature is right. Each follows from bytes alone, and those are compared in full, copies
 * of them, never digests or object identities. It says of nothing that it is trusted, valid now or not revoked: that is
 * judged anew each time. Only genuine evidence leaves something, so forgeries cannot fill it; it is bounded, and it ends
 * with its collateral, which a holder replaces before it expires.
 */
import type { KeyObject } from 'node:crypto'
import { toHex } from '../crypto/index.ts'
import type { Certificate } from './x509/certificate.ts'

/** 'der' in certificates and CRLs, 'raw' (r || s, 64 bytes) in quotes and collateral. */
export type SignatureForm = 'der' | 'raw'

export interface SignedBytes {
  /** x || y, 64 bytes. */
  readonly point: Uint8Array
  readonly data: Uint8Array
  readonly signature: Uint8Array
  readonly form: SignatureForm
}

/** PCK certificate, its authority, the root. */
export type PckChain = readonly [pck: Certificate, authority: Certificate, root: Certificate]

interface KnownChain {
  readonly bytes: Uint8Array
  readonly chain: PckChain
}

interface Contents {
  /** By their PEM text. */
  readonly roots: Map<string, readonly Certificate[]>
  /** Their bytes as they stand in a quote. In a list: looking through it is cheaper than a hash of so long a key. */
  readonly chains: KnownChain[]
  readonly keys: Map<string, KeyObject>
  /** By the signature in hexadecimal; what it signs is compared when it is found. */
  readonly signatures: Map<string, SignedBytes>
}

/** What one verification uses: what was kept before it, and what it adds, which `keep` makes lasting. */
export interface Memory {
  roots(text: string, parse: (text: string) => readonly Certificate[]): readonly Certificate[]
  chain(bytes: Uint8Array, parse: (bytes: Uint8Array) => PckChain): PckChain
  key(point: Uint8Array, make: (point: Uint8Array) => KeyObject): KeyObject
  /** Whether the signature is right, by `verify` unless that is known. Only a right one is remembered. */
  signed(it: SignedBytes, verify: (it: SignedBytes) => boolean): boolean
  keep(): void
}

/** A collateral brings at most 10 signatures and a platform 2, so this is room for a few dozen platforms. */
const MOST_OF_EACH = 64

const lasting = new WeakMap<object, Contents>()

/** `owner`: the collateral with which the memory ends. */
export function openMemory(owner: object): Memory {
  const kept = lasting.get(owner) ?? empty()
  const added = empty()
  return {
    roots: (text, parse) => kept.roots.get(text) ?? insert(added.roots, text, parse(text)),
    chain(bytes, parse) {
      const known = kept.chains.find((each) => same(each.bytes, bytes))
      if (known !== undefined) return known.chain
      const chain = parse(bytes)
      added.chains.push({ bytes: bytes.slice(), chain })
      return chain
    },
    key(point, make) {
      const id = toHex(point)
      return kept.keys.get(id) ?? added.keys.get(id) ?? insert(added.keys, id, make(point))
    },
    signed(it, verify) {
      const id = toHex(it.signature)
      if (isKnown(kept.signatures.get(id), it) || isKnown(added.signatures.get(id), it)) return true
      const right = verify(it)
      if (right) added.signatures.set(id, copyOf(it))
      return right
    },
    keep() {
      if (kept.chains.length + added.chains.length > MOST_OF_EACH) kept.chains.length = 0
      kept.chains.push(...added.chains)
      add(kept.roots, added.roots)
      add(kept.keys, added.keys)
      add(kept.signatures, added.signatures)
      lasting.set(owner, kept)
    },
  }
}

const empty = (): Contents => ({ roots: new Map(), chains: [], keys: new Map(), signatures: new Map() })

function insert<T>(into: Map<string, T>, id: string, value: T): T {
  into.set(id, value)
  return value
}

/** Forgets everything when full: rarer and simpler than to find out what was used least. */
function add<T>(kept: Map<string, T>, added: ReadonlyMap<string, T>): void {
  if (added.size === 0) return
  if (kept.size + added.size > MOST_OF_EACH) kept.clear()
  for (const [id, value] of added) kept.set(id, value)
}

function isKnown(known: SignedBytes | undefined, it: SignedBytes): boolean {
  if (known === undefined) return false
  return known.form === it.form && same(known.point, it.point) && same(known.data, it.data)
}

/** Of public bytes: a comparison that takes the same time for all would only be slower. */
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** The bytes belong to the caller, who may use the array for something else tomorrow. */
const copyOf = ({ point, data, signature, form }: SignedBytes): SignedBytes => ({
  ...{ point: point.slice(), data: data.slice(), signature: signature.slice(), form },
})
