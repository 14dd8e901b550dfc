/**
 * Signed notes (c2sp.org/signed-note): a text that people can read, a blank line, and a line for each signature. The
 * text counts only where a known key signed it; signatures of unknown keys are passed over, because others may need
 * them. A wrong signature under a known key refuses the whole note.
 */
import { fromHex, toHex } from '../crypto/index.ts'
import { LedgerError } from './errors.ts'
import { base64Bytes, isKeyName, type NoteSigner, type NoteVerifier } from './note-keys.ts'

/** 64 organisations twice over; the specification asks for at least 16. */
const MOST_SIGNATURES = 128
const MAXIMUM_BYTES = 65_536

interface SignatureLine {
  readonly name: string
  readonly id: string
  readonly signature: Uint8Array
}

interface Note {
  readonly text: string
  readonly signatures: readonly SignatureLine[]
}

export interface OpenedNote {
  /** With its last line break. */
  readonly text: string
  /** The known keys that signed it, each once. */
  readonly signers: readonly NoteVerifier[]
}

/** A new note. Throws LedgerError LEDGER_NOTE_MALFORMED for a text that no note can have. */
export function signNote(text: string, signers: readonly NoteSigner[]): Uint8Array {
  return signers.reduce<Uint8Array>(addSignature, encode({ text: requireText(text), signatures: [] }))
}

/**
 * The note with one more signature, in place of an earlier one by the same name and ID. The others stay, unverified.
 * Throws LedgerError LEDGER_NOTE_MALFORMED.
 */
export function addSignature(note: Uint8Array, { verifier, sign }: NoteSigner): Uint8Array {
  const { text, signatures } = decode(note, 0)
  const others = signatures.filter((each) => !isBy(each, verifier))
  const own = { name: verifier.name, id: verifier.id, signature: sign(Buffer.from(text)) }
  return encode({ text, signatures: [...others, own] })
}

/**
 * Reads and verifies. Throws LedgerError LEDGER_NOTE_MALFORMED; LEDGER_NOTE_KEY where two known keys share name and ID;
 * LEDGER_NOTE_SIGNATURE; LEDGER_NOTE_UNSIGNED.
 */
export function openNote(bytes: Uint8Array, known: readonly NoteVerifier[]): OpenedNote {
  const keys = new Map(known.map((each) => [`${each.name}+${each.id}`, each]))
  if (keys.size < known.length) throw new LedgerError('LEDGER_NOTE_KEY', 'two known keys have the same name and ID')
  const { text, signatures } = decode(bytes, 1)
  const signers = new Set<NoteVerifier>()
  for (const { name, id, signature } of signatures) {
    const key = keys.get(`${name}+${id}`)
    if (key === undefined) continue
    if (!key.verify(Buffer.from(text), signature)) {
      throw new LedgerError(
        'LEDGER_NOTE_SIGNATURE',
        `the signature under ${name}+${id} is not of that key over this text`,
      )
    }
    signers.add(key)
  }
  if (signers.size > 0) return { text, signers: [...signers] }
  const expected = known.map(({ name, id }) => `${name}+${id}`).join(' or ') || 'no key at all'
  throw new LedgerError('LEDGER_NOTE_UNSIGNED', `signed by none of the known keys (${expected})`)
}

/** The text, whoever signed it or not: a claim. Throws LedgerError LEDGER_NOTE_MALFORMED. */
export const noteText = (bytes: Uint8Array): string => decode(bytes, 1).text

const isBy = (line: SignatureLine, { name, id }: NoteVerifier): boolean => line.name === name && line.id === id

function encode({ text, signatures }: Note): Uint8Array {
  const lines = signatures.map(({ name, id, signature }) => {
    return `— ${name} ${Buffer.concat([fromHex(id), signature]).toString('base64')}\n`
  })
  return new Uint8Array(Buffer.from(`${text}\n${lines.join('')}`))
}

function decode(bytes: Uint8Array, fewest: number): Note {
  if (bytes.length > MAXIMUM_BYTES) throw malformed(`${bytes.length} bytes, expected at most ${MAXIMUM_BYTES}`)
  const whole = utf8(bytes)
  // The text may have blank lines of its own: the last one of the note ends it.
  const end = whole.lastIndexOf('\n\n')
  if (end < 0) throw malformed('no blank line between text and signatures')
  const lines = whole.slice(end + 2).split('\n')
  if (lines.pop() !== '') throw malformed('the last line has no line break')
  if (lines.length < fewest || lines.length > MOST_SIGNATURES) {
    throw malformed(`${lines.length} signatures, expected ${fewest} to ${MOST_SIGNATURES}`)
  }
  return { text: requireText(whole.slice(0, end + 1)), signatures: lines.map(parseLine) }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed('not UTF-8', cause)
  }
}

function parseLine(line: string): SignatureLine {
  const [dash, name = '', encoded = '', ...more] = line.split(' ')
  const bytes = base64Bytes(encoded)
  if (dash !== '—' || !isKeyName(name) || bytes === undefined || bytes.length < 5 || more.length > 0) {
    throw malformed(`found ${JSON.stringify(line.slice(0, 60))}, expected em dash, name and signature`)
  }
  return { name, id: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

/** Control characters other than the line break are excluded; so is text that UTF-8 cannot carry. */
function requireText(text: string): string {
  const wrong = Array.from(text).some((each) => (each < ' ' && each !== '\n') || /\p{Surrogate}/u.test(each))
  if (text.endsWith('\n') && !wrong) return text
  throw malformed('the text has control characters, is not Unicode, or does not end with a line break')
}

const malformed = (message: string, cause?: unknown): LedgerError =>
  new LedgerError('LEDGER_NOTE_MALFORMED', `signed note: ${message}`, { cause })
