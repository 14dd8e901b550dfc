/**
 * What a party keeps of the log, in a directory of its own: the key it saw first (log.key), every checkpoint as it was
 * signed (SIZE.checkpoint), the proofs between them (SMALLER-LARGER.proof, a hash in Base64 a line), and below evidence/
 * what convicts a log that shows two histories. Everything is text that other tools can read.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type LedgerCode, ledgerErrors } from '../../src/ledger/index.ts'
import { isMissing, readText, reasonOf, writeDurably } from '../files.ts'
import { WitnessError } from './errors.ts'

const KEY = 'log.key'
const EVIDENCE = 'evidence'
/** A note of the largest kind, and evidence with two of them in JSON. */
const MAXIMUM_NOTE = 65_536
const MAXIMUM_EVIDENCE = 4 * MAXIMUM_NOTE
/** Each round has about one checkpoint of half a kilobyte: the last 20,000 rounds, however many runs they were of. */
const KEPT_CHECKPOINTS = 20_000
/** Of each kind: one convicts; the others show whether it was once or goes on. */
const KEPT_EVIDENCE = 20
/** Codes that two signatures prove. A log that was rolled back may be restored; one with two histories cannot be. */
const lasting: readonly LedgerCode[] = ['LEDGER_FORKED', 'LEDGER_INCONSISTENT']

export interface Evidence {
  readonly code: LedgerCode
  readonly message: string
  /** The notes that do not go together. */
  readonly notes: readonly string[]
  /** The proof that the coordinator gave, hashes in hex. */
  readonly proof: readonly string[]
}

export interface KeptNote {
  readonly file: string
  readonly size: number
}

export interface KeptProof {
  readonly file: string
  readonly smaller: number
  readonly larger: number
}

const digits = (size: number): string => String(size).padStart(16, '0')
const noteName = (size: number): string => `${digits(size)}.checkpoint`
const proofName = (smaller: number, larger: number): string => `${digits(smaller)}-${digits(larger)}.proof`

/** What is there, by name, in order of size; nothing where there is no directory. Throws WitnessError WITNESS_DAMAGED. */
export async function listKept(directory: string): Promise<{ notes: KeptNote[]; proofs: KeptProof[] }> {
  const names = await reading(directory, () => readdir(directory).catch(missingAs([])))
  const notes = names.flatMap((file) => {
    const [, size] = /^([0-9]{16})\.checkpoint$/.exec(file) ?? []
    return size === undefined ? [] : [{ file, size: Number(size) }]
  })
  const proofs = names.flatMap((file) => {
    const [, smaller, larger] = /^([0-9]{16})-([0-9]{16})\.proof$/.exec(file) ?? []
    return smaller === undefined ? [] : [{ file, smaller: Number(smaller), larger: Number(larger) }]
  })
  return { notes: notes.sort((a, b) => a.size - b.size), proofs: proofs.sort((a, b) => a.smaller - b.smaller) }
}

/** The note of this size, if it was kept. Throws WitnessError WITNESS_DAMAGED. */
export async function readNote(directory: string, size: number): Promise<Uint8Array | undefined> {
  const path = join(directory, noteName(size))
  const text = await reading(path, () => readText(path, MAXIMUM_NOTE).catch(missingAs(undefined)))
  return text === undefined ? undefined : new Uint8Array(Buffer.from(text))
}

/** Throws WitnessError WITNESS_DAMAGED. */
export async function readProof(directory: string, file: string): Promise<Uint8Array[]> {
  const path = join(directory, file)
  const text = await reading(path, () => readText(path, MAXIMUM_NOTE))
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => new Uint8Array(Buffer.from(line, 'base64')))
}

/** Throws WitnessError WITNESS_DAMAGED. */
export async function readKey(directory: string): Promise<string | undefined> {
  const path = join(directory, KEY)
  return (await reading(path, () => readText(path, MAXIMUM_NOTE).catch(missingAs(undefined))))?.trim()
}

/** Throws WitnessError WITNESS_DAMAGED. */
export async function readEvidence(directory: string): Promise<(Evidence & { readonly file: string })[]> {
  const place = join(directory, EVIDENCE)
  const names = await reading(place, () => readdir(place).catch(missingAs([])))
  const { convicting, others } = sorted(names)
  return Promise.all(
    [...convicting.slice(0, KEPT_EVIDENCE), ...others.slice(0, KEPT_EVIDENCE)].map(async (name) => {
      const file = join(place, name)
      return reading(file, async () => ({ ...parseEvidence(await readText(file, MAXIMUM_EVIDENCE)), file }))
    }),
  )
}

function parseEvidence(text: string): Evidence {
  const { code, message, notes, proof } = Object(JSON.parse(text))
  const texts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string')
  if (!isLedgerCode(code) || typeof message !== 'string' || !texts(notes) || !texts(proof)) {
    throw new Error('it is no evidence of this program')
  }
  return { code, message, notes, proof }
}

export const isLasting = (code: LedgerCode): boolean => lasting.includes(code)

const startOf = (code: LedgerCode): string => `${code.toLowerCase().replaceAll('_', '-')}-`

/** Anybody can sign with a key of his own and so have evidence of that kept: it takes no place from what convicts for good. */
function sorted(names: readonly string[]) {
  const files = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort()
  const convicts = (name: string) => lasting.some((code) => name.startsWith(startOf(code)))
  return { convicting: files.filter(convicts), others: files.filter((name) => !convicts(name)) }
}

const isLedgerCode = (code: unknown): code is LedgerCode =>
  typeof code === 'string' && Object.hasOwn(ledgerErrors, code)

/** The proof first: a checkpoint without it would look as if nobody had checked. Throws WITNESS_UNWRITABLE. */
export async function keepNote(
  directory: string,
  size: number,
  note: Uint8Array,
  link?: { readonly smaller: number; readonly larger: number; readonly proof: readonly Uint8Array[] },
): Promise<void> {
  await writing(directory, async () => {
    if (link !== undefined && link.proof.length > 0) {
      const lines = link.proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
      await writeDurably(directory, proofName(link.smaller, link.larger), lines.join(''))
    }
    await writeDurably(directory, noteName(size), note)
  })
}

/** Throws WitnessError WITNESS_UNWRITABLE. */
export async function keepKey(directory: string, key: string): Promise<void> {
  await writing(directory, () => writeDurably(directory, KEY, `${key}\n`))
}

/** Returns the path; the same evidence is kept once. Throws WitnessError WITNESS_UNWRITABLE. */
export async function keepEvidence(directory: string, evidence: Evidence): Promise<string> {
  const place = join(directory, EVIDENCE)
  const digest = createHash('sha256').update(evidence.notes.join('\0')).digest('hex').slice(0, 16)
  const name = `${startOf(evidence.code)}${digest}.json`
  await writing(place, async () => {
    const { convicting, others } = sorted((await readdir(place)).filter((each) => each !== name))
    const kind = isLasting(evidence.code) ? convicting : others
    if (kind.length < KEPT_EVIDENCE) await writeDurably(place, name, `${JSON.stringify(evidence, null, 2)}\n`)
  })
  return join(place, name)
}

/** Forgets the oldest beyond what is kept, and the proofs that lead from them. */
export async function forgetOldest(directory: string, kept = KEPT_CHECKPOINTS): Promise<void> {
  const { notes, proofs } = await listKept(directory)
  const old = notes.slice(0, Math.max(0, notes.length - kept))
  const from = notes[old.length]?.size ?? 0
  const files = [...old, ...(old.length > 0 ? proofs.filter(({ smaller }) => smaller < from) : [])]
  await writing(directory, async () => {
    for (const { file } of files) await rm(join(directory, file), { force: true })
  })
}

const missingAs =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if (isMissing(error)) return nothing
    throw error
  }

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new WitnessError('WITNESS_DAMAGED', `${path}: ${reasonOf(cause)}`, { cause })
  }
}

async function writing(directory: string, write: () => Promise<void>): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await write()
  } catch (cause) {
    throw new WitnessError('WITNESS_UNWRITABLE', `${directory}: ${reasonOf(cause)}`, { cause })
  }
}
