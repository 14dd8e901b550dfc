/**
 * Keys of signed notes (c2sp.org/signed-note), type 0x01: Ed25519 over the text. A key has a name; name, type and key
 * give the ID of 4 bytes by which a signature line is matched to it. The ID is no proof of anything: others can make keys
 * with the same, and their signatures then fail.
 *
 *   verifier key   NAME+ID+BASE64(0x01 || public key, 32 bytes)
 *   signer key     PRIVATE+KEY+NAME+ID+BASE64(0x01 || seed, 32 bytes)
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { Secret, sha256, toHex } from '../crypto/index.ts'
import { LedgerError } from './errors.ts'

export interface NoteVerifier {
  readonly name: string
  /** 8 lower-case hex digits. */
  readonly id: string
  /** The public key itself, hex: one key is one signer, whatever names it goes by. */
  readonly publicKey: string
  verify(text: Uint8Array, signature: Uint8Array): boolean
}

export interface NoteSigner {
  readonly verifier: NoteVerifier
  /** 64 bytes. */
  sign(text: Uint8Array): Uint8Array
}

const ED25519 = 0x01
/** What stands before the 32 bytes of an Ed25519 key: SubjectPublicKeyInfo and PKCS #8 (RFC 8410, sections 4 and 7). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Names are as long as a host name with a path; the rest of a key has 60 characters and more. */
const MAXIMUM_NAME = 255
const MAXIMUM_KEY = 400

/** Non-empty, without Unicode spaces, plus and control characters. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= MAXIMUM_NAME && !/[\p{White_Space}\p{Surrogate}\p{Cc}+]/u.test(name)
}

/** Throws LedgerError LEDGER_NOTE_KEY. */
export function parseVerifierKey(text: string): NoteVerifier {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.length <= MAXIMUM_KEY ? text : '')
  // Base64 has plus signs of its own: all after the second one is the key.
  const [, name = '', id = '', encoded = ''] = parts ?? []
  const verifier = createVerifier(name, publicKeyOf(keyBytes(encoded, 'the verifier key')))
  if (verifier.id === id) return verifier
  throw refused(`the ID of verifier key ${name} is ${verifier.id}, and the text has another one`)
}

/** Throws LedgerError LEDGER_NOTE_KEY; the message has nothing of the key. */
export function parseSignerKey(secret: Secret): NoteSigner {
  const text = secret.reveal()
  const parts = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.length <= MAXIMUM_KEY ? text : '')
  const [, name = '', id = '', encoded = ''] = parts ?? []
  const seed = keyBytes(encoded, 'the signer key')
  const signer = createSigner(
    name,
    createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' }),
  )
  if (signer.verifier.id === id) return signer
  throw refused('the ID in the signer key does not fit its name and key')
}

/** @param key Ed25519, public. Throws LedgerError LEDGER_NOTE_KEY. */
export function createVerifier(name: string, key: KeyObject): NoteVerifier {
  if (!isKeyName(name)) throw refused(`${JSON.stringify(name.slice(0, 60))} is no name of a key`)
  const bytes = publicBytes(key)
  return {
    name,
    id: toHex(sha256(Buffer.from(`${name}\n`), Uint8Array.of(ED25519), bytes)).slice(0, 8),
    publicKey: toHex(bytes),
    verify: (text, signature) => signature.length === 64 && verify(null, text, key, signature),
  }
}

/** @param key Ed25519, private. Throws LedgerError LEDGER_NOTE_KEY. */
export function createSigner(name: string, key: KeyObject): NoteSigner {
  if (key.type !== 'private') throw refused(`the key of signer ${JSON.stringify(name.slice(0, 60))} is not private`)
  const verifier = createVerifier(name, createPublicKey(key))
  return { verifier, sign: (text) => new Uint8Array(sign(null, text, key)) }
}

/** The text that parseVerifierKey reads. */
export function verifierKey({ name, id, publicKey }: NoteVerifier): string {
  return `${name}+${id}+${Buffer.from(`01${publicKey}`, 'hex').toString('base64')}`
}

/** The text that parseSignerKey reads. Throws LedgerError LEDGER_NOTE_KEY. @param key Ed25519, private */
export function signerKey(name: string, key: KeyObject): Secret {
  const { id } = createSigner(name, key).verifier
  const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Prefix.length)
  return new Secret(`PRIVATE+KEY+${name}+${id}+${Buffer.concat([Buffer.of(ED25519), seed]).toString('base64')}`)
}

/** Standard Base64 (RFC 4648, section 4), in the one form that writing would give; undefined for any other text. */
export function base64Bytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}

function keyBytes(encoded: string, what: string): Uint8Array {
  const bytes = base64Bytes(encoded)
  if (bytes?.length === 33 && bytes[0] === ED25519) return bytes.subarray(1)
  throw refused(`${what} is not of the form NAME+ID+KEY with an Ed25519 key`)
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, bytes]), format: 'der', type: 'spki' })
}

function publicBytes(key: KeyObject): Uint8Array {
  if (key.type === 'public' && key.asymmetricKeyType === 'ed25519') {
    return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length))
  }
  throw refused('the key is no Ed25519 key')
}

const refused = (message: string): LedgerError => new LedgerError('LEDGER_NOTE_KEY', message)
