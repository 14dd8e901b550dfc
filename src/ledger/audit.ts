/**
 * Many checkpoints of one log, from several witnesses, against each other: does each bear the signature of the log, do
 * those of one size have one root, and do the proofs that came with them show one history? Two checkpoints between which
 * no chain of proofs leads are neither refuted nor shown: they are told as what they are.
 */
import { toHex } from '../crypto/index.ts'
import { compareCheckpoints, type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts'
import { type LedgerCode, LedgerError } from './errors.ts'
import type { NoteVerifier } from './note-keys.ts'

export interface AuditedNote {
  /** Where it comes from, for people. */
  readonly from: string
  readonly note: Uint8Array
}

export interface AuditedProof {
  readonly from: string
  readonly smaller: number
  readonly larger: number
  readonly hashes: readonly Uint8Array[]
}

export interface AuditFinding {
  readonly code: LedgerCode
  readonly text: string
}

export interface Audit {
  readonly findings: readonly AuditFinding[]
  /** By size, one of each. */
  readonly checkpoints: readonly OpenedCheckpoint[]
  /** How many proofs held. */
  readonly proofs: number
  /** Sizes above 0 that proofs connect, ascending, in groups; of one history that is shown there is one group. */
  readonly groups: readonly (readonly number[])[]
}

export function auditCheckpoints(
  log: { readonly origin: string; readonly key: NoteVerifier },
  notes: readonly AuditedNote[],
  proofs: readonly AuditedProof[],
): Audit {
  const findings: AuditFinding[] = []
  const bySize = new Map<number, { from: string; checkpoint: OpenedCheckpoint }>()
  for (const { from, note } of notes) {
    attempt(findings, from, () => {
      const trust = { origin: log.origin, log: log.key, witnesses: [], threshold: 0 }
      const checkpoint = openCheckpoint(note, trust)
      const known = bySize.get(checkpoint.size)
      if (known === undefined) bySize.set(checkpoint.size, { from, checkpoint })
      else requireSameRoot(known, checkpoint)
    })
  }
  // Every log continues the empty one; nothing has to show it.
  const groups = createGroups([...bySize.keys()].filter((size) => size > 0))
  let held = 0
  for (const { from, smaller, larger, hashes } of proofs) {
    const [older, newer] = [bySize.get(smaller)?.checkpoint, bySize.get(larger)?.checkpoint]
    if (older === undefined || newer === undefined) continue
    attempt(findings, from, () => {
      compareCheckpoints(older, newer, hashes)
      groups.join(smaller, larger)
      held += 1
    })
  }
  const checkpoints = [...bySize.values()].map(({ checkpoint }) => checkpoint).sort((a, b) => a.size - b.size)
  return { findings, checkpoints, proofs: held, groups: groups.all() }
}

function requireSameRoot(known: { from: string; checkpoint: OpenedCheckpoint }, found: OpenedCheckpoint): void {
  const { size, root } = known.checkpoint
  if (toHex(root) === toHex(found.root)) return
  const text = `size ${size} has root ${toHex(found.root)}, and root ${toHex(root)} in ${known.from}`
  throw new LedgerError('LEDGER_FORKED', text)
}

function attempt(findings: AuditFinding[], from: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    findings.push({ code: error.code, text: `${from}: ${error.message}` })
  }
}

/** Sizes that belong together. */
function createGroups(sizes: readonly number[]) {
  const groupOf = new Map(sizes.map((size) => [size, new Set([size])]))
  const join = (one: number, other: number) => {
    const [into, from] = [groupOf.get(one), groupOf.get(other)]
    if (into === undefined || from === undefined || into === from) return
    for (const size of from) {
      into.add(size)
      groupOf.set(size, into)
    }
  }
  return {
    join,
    all: () => [...new Set(groupOf.values())].map((group) => [...group].sort((a, b) => a - b)),
  }
}
