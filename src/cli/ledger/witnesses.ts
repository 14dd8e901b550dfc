/** What a party's witness directory holds, read for an audit. */
import { join } from 'node:path'
import {
  type AuditedNote,
  type AuditedProof,
  type AuditFinding,
  type NoteVerifier,
  parseVerifierKey,
} from '../../ledger/index.ts'
import { CliError } from '../errors.ts'
import { exists } from '../files.ts'

export interface WitnessContent {
  readonly key: NoteVerifier | undefined
  readonly notes: readonly AuditedNote[]
  readonly proofs: readonly AuditedProof[]
  /** What the party itself found, with the notes as evidence. */
  readonly findings: readonly AuditFinding[]
}

/** Throws CliError CLI_FILE_UNREADABLE, WitnessError WITNESS_DAMAGED, LedgerError LEDGER_NOTE_KEY. */
export async function readWitness(directory: string): Promise<WitnessContent> {
  if (!(await exists(directory))) throw new CliError('CLI_FILE_UNREADABLE', `there is no directory ${directory}`)
  const { listKept, readEvidence, readKey, readNote, readProof } = await import('../../../parties/index.ts')
  const key = await readKey(directory)
  const kept = await listKept(directory)
  const notes: AuditedNote[] = []
  for (const { file, size } of kept.notes) {
    const note = await readNote(directory, size)
    if (note !== undefined) notes.push({ from: join(directory, file), note })
  }
  const proofs: AuditedProof[] = []
  for (const { file, smaller, larger } of kept.proofs) {
    proofs.push({ from: join(directory, file), smaller, larger, hashes: await readProof(directory, file) })
  }
  const evidence = await readEvidence(directory)
  return {
    key: key === undefined ? undefined : parseVerifierKey(key),
    notes: [...notes, ...evidence.flatMap(({ file, notes: texts }) => texts.map((text) => noteFrom(file, text)))],
    proofs,
    findings: evidence.map(({ code, message, file }) => ({ code, text: `${file}: found by the party: ${message}` })),
  }
}

const noteFrom = (from: string, text: string): AuditedNote => ({ from, note: new Uint8Array(Buffer.from(text)) })
