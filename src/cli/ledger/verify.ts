/**
 * `ledger verify`: all checkpoints that were kept, against each other. What a party found by itself counts as found; what
 * no proof connects is told as not shown, and the coordinator can be asked for it.
 */
import { join } from 'node:path'
import {
  type Audit,
  type AuditedNote,
  type AuditedProof,
  type AuditFinding,
  auditCheckpoints,
  claimedLogKey,
  type NoteVerifier,
  openCheckpoint,
  parseVerifierKey,
  verifierKey,
} from '../../ledger/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, readBytes } from '../files.ts'
import { homeFiles } from '../home.ts'
import type { Context } from '../io.ts'
import { openSession, type Session } from '../session.ts'
import { clean } from '../view/index.ts'
import { readWitness, type WitnessContent } from './witnesses.ts'

export interface VerifyOptions {
  readonly from: readonly string[]
  readonly checkpoint: readonly string[]
  readonly key: string | undefined
  readonly coordinator: string | undefined
}

/** A log that grows between two questions gives two more sizes to connect: so often is asked again. */
const PASSES = 5

interface Material {
  readonly key: NoteVerifier
  readonly notes: AuditedNote[]
  readonly proofs: AuditedProof[]
  readonly findings: AuditFinding[]
}

export async function verify(context: Context, options: VerifyOptions): Promise<number> {
  const material = await gather(context, options)
  if (options.coordinator !== undefined) {
    await using session = await openSession(context, options)
    await connect(session, material)
  }
  const audit = auditOf(material)
  const findings = [...material.findings, ...audit.findings, ...unproven(audit)]
  const { checkpoints, proofs } = audit
  const [sizes, log] = [checkpoints.map(({ size }) => size), verifierKey(material.key)]
  context.result(
    { ok: findings.length === 0, key: log, sizes, proofs, findings },
    [
      findings.length === 0
        ? `CONSISTENT: ${checkpoints.length} checkpoints of one log, connected by ${proofs} proofs`
        : `REFUSED: ${checkpoints.length} checkpoints are not shown to be of one log`,
      ...findings.map(({ code, text }) => `  ${code}: ${text}`),
      `  log    ${log}`,
      `  sizes  ${sizes[0] ?? 'none'} to ${sizes.at(-1) ?? 'none'}`,
    ].map(clean),
  )
  return findings.length === 0 ? exits.ok.code : exits.failed.code
}

const auditOf = ({ key, notes, proofs }: Material): Audit => auditCheckpoints({ origin: key.name, key }, notes, proofs)

async function gather(context: Context, options: VerifyOptions): Promise<Material> {
  const own = join(context.home, homeFiles.witness)
  const byDefault = options.from.length + options.checkpoint.length === 0 && (await exists(own)) ? [own] : []
  const witnesses: WitnessContent[] = []
  for (const directory of [...options.from.map((each) => context.path(each)), ...byDefault]) {
    witnesses.push(await readWitness(directory))
  }
  const files: AuditedNote[] = []
  for (const file of options.checkpoint) {
    files.push({ from: file, note: await readBytes(context.path(file), 'checkpoint') })
  }
  const notes = [...witnesses.flatMap((witness) => witness.notes), ...files]
  const key = keyOf(options.key, witnesses, notes)
  const others = witnesses.flatMap((witness) => (witness.key && !isSame(witness.key, key) ? [witness.key] : []))
  return {
    key,
    notes,
    proofs: witnesses.flatMap((witness) => witness.proofs),
    findings: [...witnesses.flatMap((witness) => witness.findings), ...others.map((other) => keyChanged(other, key))],
  }
}

/** Throws CliError CLI_ARGUMENT_INVALID, LedgerError for a text that is no key or no note. */
function keyOf(given: string | undefined, witnesses: readonly WitnessContent[], notes: readonly AuditedNote[]) {
  if (given !== undefined) return parseVerifierKey(given)
  const pinned = witnesses.find(({ key }) => key !== undefined)?.key
  if (pinned !== undefined) return pinned
  const [first] = notes
  if (first !== undefined) return claimedLogKey(first.note)
  throw new CliError('CLI_ARGUMENT_INVALID', 'there are no checkpoints: give --from DIR or --checkpoint FILE')
}

const isSame = (one: NoteVerifier, other: NoteVerifier): boolean => verifierKey(one) === verifierKey(other)

const keyChanged = (found: NoteVerifier, expected: NoteVerifier): AuditFinding => ({
  code: 'LEDGER_KEY_CHANGED',
  text: `one witness keeps ${verifierKey(found)}, expected ${verifierKey(expected)}`,
})

function unproven({ groups }: Audit): AuditFinding[] {
  if (groups.length < 2) return []
  const sizes = groups.map((group) => (group.length === 1 ? `${group[0]}` : `${group[0]} to ${group.at(-1)}`))
  return [{ code: 'LEDGER_UNPROVEN', text: `no proof connects the checkpoints of size ${sizes.join(' and ')}` }]
}

/** Asks the coordinator to lead from each group to its newest checkpoint, until all are connected. */
async function connect(session: Session, material: Material): Promise<void> {
  for (let pass = 0; pass < PASSES; pass++) {
    const { groups, findings } = auditOf(material)
    if (findings.length > 0 || (pass > 0 && groups.length < 2)) return
    for (const group of groups) {
      const size = group.at(-1) ?? 0
      const { checkpoint, consistency } = await session.runs.getCheckpoint({ size }, session.soon)
      if (!takes(material, session.coordinator, size, checkpoint, consistency)) return
    }
  }
}

function takes(
  material: Material,
  from: string,
  smaller: number,
  note: Uint8Array,
  hashes: readonly Uint8Array[],
): boolean {
  const { key, notes, proofs, findings } = material
  notes.push({ from, note })
  // One that is not signed by the log is found by the audit.
  if (!isSame(claimedLogKey(note), key)) return false
  const trust = { origin: key.name, log: key, witnesses: [], threshold: 0 }
  const { size: larger } = openCheckpoint(note, trust)
  if (larger < smaller) {
    findings.push({ code: 'LEDGER_ROLLED_BACK', text: `${from} shows ${larger} leaves, and signed ${smaller} before` })
    return false
  }
  if (larger > smaller) proofs.push({ from, smaller, larger, hashes })
  return true
}
