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
  const kept = createSizes()
  for (const { from, note } of notes) {
    attempt(findings, from, () => {
      const trust = { origin: log.origin, log: log.key, witnesses: [], threshold: 0 }
      kept.add(from, openCheckpoint(note, trust))
    })
  }
  // Every log continues the empty one; nothing has to show it.
  const groups = createGroups(kept.sizes().filter((size) => size > 0))
  let held = 0
  for (const { from, smaller, larger, hashes } of proofs) {
    attempt(findings, from, () => {
      if (!kept.connects(smaller, larger, hashes)) return
      groups.join(smaller, larger)
      held += 1
    })
  }
  return { findings, checkpoints: kept.first(), proofs: held, groups: groups.all() }
}

/** Checkpoints by size: one root for each, if all is well. */
function createSizes() {
  const bySize = new Map<number, { readonly from: string; readonly checkpoint: OpenedCheckpoint }[]>()
  const of = (size: number) => bySize.get(size) ?? []
  return {
    /** Throws LedgerError LEDGER_FORKED for another root of a size that is there; it is kept as well. */
    add: (from: string, checkpoint: OpenedCheckpoint): void => {
      const { size, root } = checkpoint
      const others = of(size)
      if (others.some((other) => toHex(other.checkpoint.root) === toHex(root))) return
      bySize.set(size, [...others, { from, checkpoint }])
      const [known] = others
      if (known === undefined) return
      const text = `size ${size} has root ${toHex(root)}, and root ${toHex(known.checkpoint.root)} in ${known.from}`
      throw new LedgerError('LEDGER_FORKED', text)
    },
    sizes: (): number[] => [...bySize.keys()],
    first: (): OpenedCheckpoint[] => {
      const all = [...bySize.values()].flatMap(([one]) => (one === undefined ? [] : [one.checkpoint]))
      return all.sort((a, b) => a.size - b.size)
    },
    /** Of a log with two histories each proof is of one of them. Throws LedgerError where it is of none. */
    connects: (smaller: number, larger: number, hashes: readonly Uint8Array[]): boolean => {
      const pairs = of(smaller).flatMap((older) =>
        of(larger).map((newer) => [older.checkpoint, newer.checkpoint] as const),
      )
      const failures = pairs.flatMap(([older, newer]) => failureOf(() => compareCheckpoints(older, newer, hashes)))
      if (pairs.length > 0 && failures[0] !== undefined && failures.length === pairs.length) throw failures[0]
      return pairs.length > 0
    },
  }
}

function failureOf(check: () => void): LedgerError[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof LedgerError) return [error]
    throw error
  }
}

function attempt(findings: AuditFinding[], from: string, check: () => void): void {
  for (const { code, message } of failureOf(check)) findings.push({ code, text: `${from}: ${message}` })
}

/** Sizes that belong together. */
function createGroups(sizes: readonly number[]) {
  const groupOf = new Map(sizes.map((size) => [size, new Set([size])]))
  const join = (one: number, other: number) => {
    const [first, second] = [groupOf.get(one), groupOf.get(other)]
    if (first === undefined || second === undefined || first === second) return
    // The smaller into the larger: whatever order the proofs come in, a size moves no more often than its group doubles.
    const [from, into] = first.size < second.size ? [first, second] : [second, first]
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
