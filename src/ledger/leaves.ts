/**
 * What is entered into the log: receipts, approvals, policies, and changes of membership. A leaf is a label, a zero byte
 * and canonical JSON with its kind, so that no leaf can be read as one of another kind or as any other document.
 *
 * A leaf says that somebody entered it. Whether a receipt is signed by an attested key, or a policy by its
 * organisations, is for the reader to verify; the log makes that nobody can deny, change or remove it later.
 */
import { canonicalJson } from '../crypto/index.ts'
import { LedgerError } from './errors.ts'
import { Fields, nameForm, parseCanonical, runForm } from './fields.ts'
import { MAXIMUM_RECEIPT_BYTES, readSignedReceipt, type SignedReceipt } from './receipt.ts'

const label = Buffer.from('coffer-ledger-leaf-v1\0')
/** Of its JSON; the largest leaf is a receipt with its kind. */
const MAXIMUM_BYTES = MAXIMUM_RECEIPT_BYTES + 64

/** Digests are SHA-256 in lower-case hexadecimal. */
export type Leaf =
  | ({ readonly kind: 'receipt' } & SignedReceipt)
  | {
      readonly kind: 'approval'
      readonly federation: string
      readonly run: string
      readonly jobDigest: string
      readonly party: string
      readonly decision: 'accepted' | 'declined'
      /** Ed25519 of the data owner's key, hex; null where the party answered over its own TLS connection only. */
      readonly signature: string | null
    }
  | {
      readonly kind: 'policy'
      readonly federation: string
      readonly version: number
      /** Of the attestation policy. */
      readonly digest: string
    }
  | {
      readonly kind: 'membership'
      readonly federation: string
      readonly party: string
      readonly change: 'added' | 'revoked'
      /** SHA-256 of the SubjectPublicKeyInfo of the party's certificate. */
      readonly key: string
    }

const readers: { readonly [K in Leaf['kind']]: (fields: Fields) => Extract<Leaf, { kind: K }> } = {
  receipt: (fields) => ({ kind: 'receipt', ...readSignedReceipt(fields) }),
  approval: (fields) => ({
    kind: 'approval',
    federation: fields.matching('federation', nameForm),
    run: fields.matching('run', runForm),
    jobDigest: fields.hex('jobDigest', 32),
    party: fields.matching('party', nameForm),
    decision: fields.oneOf('decision', ['accepted', 'declined']),
    signature: fields.orNull('signature', () => fields.hex('signature', 64)),
  }),
  policy: (fields) => ({
    kind: 'policy',
    federation: fields.matching('federation', nameForm),
    version: fields.whole('version', 1),
    digest: fields.hex('digest', 32),
  }),
  membership: (fields) => ({
    kind: 'membership',
    federation: fields.matching('federation', nameForm),
    party: fields.matching('party', nameForm),
    change: fields.oneOf('change', ['added', 'revoked']),
    key: fields.hex('key', 32),
  }),
}

/** The bytes of which `leafHash` enters the tree. Throws LedgerError LEDGER_LEAF_MALFORMED. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const checked = readLeaf(new Fields(leaf, 'leaf', malformed))
  return new Uint8Array(Buffer.concat([label, canonicalJson(checked)]))
}

/** Throws LedgerError LEDGER_LEAF_MALFORMED. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  if (!label.equals(bytes.subarray(0, label.length))) throw malformed('leaf: it does not begin as one of this version')
  return parseCanonical(bytes.subarray(label.length), 'leaf', MAXIMUM_BYTES, readLeaf, malformed)
}

function readLeaf(fields: Fields): Leaf {
  return readers[fields.oneOf('kind', ['receipt', 'approval', 'policy', 'membership'])](fields)
}

const malformed = (message: string, cause?: unknown): LedgerError =>
  new LedgerError('LEDGER_LEAF_MALFORMED', message, { cause })
