/**
 * A party as a witness of the coordinator's log. It keeps every checkpoint it sees, takes a new one only if it continues
 * the last, and compares with what other parties saw, whose checkpoints the aggregator hands on. So a coordinator that
 * rolls its log back, changes what is in it, or shows two parties different logs is found out, and the checkpoints that
 * it signed are kept as evidence. After that every call fails with the code of that evidence, also after a restart, until
 * a person has looked and taken the evidence away.
 *
 * What others hand on counts only as far as the log signed it. Failures of the network are thrown as they are: they
 * convict nobody, and the next round asks again.
 */
import { equalBytes, toHex } from '../../src/crypto/index.ts'
import {
  encodeLeaf,
  leafHash,
  LedgerError,
  logOrigin,
  parseSignedReceipt,
  verifyInclusion,
} from '../../src/ledger/index.ts'
import { type ClientCall, type LedgerApi, type Log, RemoteError } from '../../src/rpc/index.ts'
import { WitnessError } from './errors.ts'
import { Keeper, type Seen } from './keeper.ts'
import { CALL_MS } from '../../src/timeouts/index.ts'

/** A log that grows between two questions in a row, so often, does it to avoid the answer. */
const ATTEMPTS = 20
/** The aggregator hands on eight. */
const MOST_OTHERS = 32

export interface WitnessOptions {
  /** Made when the first checkpoint is kept. */
  readonly directory: string
  readonly federation: string
  /** Of the coordinator; a PartyApi is one. */
  readonly parties: LedgerApi<ClientCall>
  readonly log: Log
}

/**
 * Each throws LedgerError LEDGER_FORKED, LEDGER_INCONSISTENT, LEDGER_ROLLED_BACK, LEDGER_KEY_CHANGED for a log that cannot
 * be trusted, whereupon the party takes part in no run; WitnessError where nothing can be kept or read; and what the
 * connection throws.
 */
export interface Witness {
  /** The newest checkpoint that was kept, as a signed note; empty before the first. */
  newest(): Uint8Array
  /** Takes the coordinator's newest checkpoint. */
  follow(signal: AbortSignal): Promise<void>
  /**
   * That this receipt is in the log; LEDGER_NOT_INCLUDED for a false proof. Fails with the coordinator's
   * LEDGER_LEAF_UNKNOWN where it has not been entered yet: it follows the run a little later, so ask again then.
   */
  confirm(sealedReceipt: Uint8Array, signal: AbortSignal): Promise<void>
  /** That the checkpoints of others and the own are of one log; WITNESS_EVADED where the coordinator does not show it. */
  compare(otherCheckpoints: readonly Uint8Array[], signal: AbortSignal): Promise<void>
}

/** Throws WitnessError WITNESS_DAMAGED, LedgerError for a kept checkpoint that is none of this log. */
export async function createWitness({ directory, federation, parties, log }: WitnessOptions): Promise<Witness> {
  const keeper = new Keeper(directory, logOrigin(federation), log)
  await keeper.load()
  let last: Promise<unknown> = Promise.resolve()
  /** One after the other: each looks at what the one before has left. */
  const inTurn = (work: () => Promise<unknown>): Promise<void> => {
    const turn = last.then(async () => {
      if (keeper.conviction !== undefined) throw keeper.conviction
      await work()
    })
    // What went wrong is for whoever asked; the next one has its turn all the same.
    last = turn.catch(() => undefined)
    return turn
  }
  const asking = (signal: AbortSignal): Asking => ({ keeper, parties, log, call: { signal, deadlineMs: CALL_MS } })
  return {
    newest: () => keeper.newest?.note ?? new Uint8Array(),
    follow: (signal) => inTurn(() => advance(asking(signal))),
    confirm: (sealed, signal) => inTurn(() => confirm(asking(signal), sealed)),
    compare: (others, signal) => inTurn(() => compareAll(asking(signal), others)),
  }
}

interface Asking {
  readonly keeper: Keeper
  readonly parties: LedgerApi<ClientCall>
  readonly log: Log
  readonly call: ClientCall
}

/** The coordinator's newest checkpoint, and its proof from `size` to that. */
async function ask({ keeper, parties, call }: Asking, size: number) {
  const { checkpoint, consistency } = await parties.getCheckpoint({ size }, call)
  return { seen: await keeper.open(checkpoint, true), consistency }
}

async function advance(asking: Asking): Promise<Seen> {
  const { seen, consistency } = await ask(asking, asking.keeper.newest?.checkpoint.size ?? 0)
  return asking.keeper.take(seen, consistency)
}

async function confirm(asking: Asking, sealed: Uint8Array): Promise<void> {
  const leaf = leafHash(encodeLeaf({ kind: 'receipt', ...parseSignedReceipt(sealed) }))
  const { keeper, parties, call } = asking
  const prove = async ({ checkpoint }: Seen) => {
    const { index, path } = await parties.proveInclusion({ leafHash: leaf, size: checkpoint.size }, call)
    verifyInclusion(leaf, index, checkpoint, path)
  }
  try {
    return await prove(keeper.newest ?? (await advance(asking)))
  } catch (error) {
    if (!(error instanceof RemoteError) || error.code !== 'LEDGER_LEAF_UNKNOWN') throw error
  }
  // Entered after the checkpoint that is held, perhaps.
  await prove(await advance(asking))
}

async function compareAll(asking: Asking, notes: readonly Uint8Array[]): Promise<void> {
  const { keeper } = asking
  if (keeper.newest === undefined) await advance(asking)
  const distinct = [...new Map(notes.map((note) => [toHex(note), note])).values()]
  for (const note of distinct.slice(0, MOST_OTHERS)) {
    const other = await openOther(asking, note)
    if (other !== undefined) await compareOne(asking, other)
  }
}

/** What is no checkpoint of this log was made up by somebody else: it says nothing about the coordinator. */
async function openOther({ keeper, log }: Asking, note: Uint8Array): Promise<Seen | undefined> {
  try {
    return await keeper.open(note)
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'LEDGER_KEY_CHANGED') throw error
    log.warn({ code: error.code, error: error.message }, 'what another party holds is no checkpoint of this log')
    return undefined
  }
}

async function compareOne(asking: Asking, other: Seen): Promise<void> {
  const { keeper } = asking
  const { size, root } = other.checkpoint
  const kept = await keeper.kept(size)
  if (kept !== undefined && equalBytes(kept.checkpoint.root, root)) return
  if (kept !== undefined) return keeper.judge(kept, other, [])
  let shown: Seen | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const own = await advance(asking)
    // It signed more when it was asked about the other's.
    if (shown !== undefined && own.checkpoint.size <= shown.checkpoint.size) {
      await keeper.judge(shown, own, [], 'LEDGER_FORKED')
    }
    const { seen, consistency } = await ask(asking, size)
    // It signed what the other holds, and has to show this party a log that continues it.
    await keeper.judge(other, seen, consistency, 'LEDGER_FORKED')
    const larger = seen.checkpoint.size
    // Where it grew in between, this answer is not compared with the own checkpoint yet.
    if (larger > own.checkpoint.size) {
      shown = seen
      continue
    }
    await keeper.judge(own, seen, [])
    return keeper.keepOther(other, larger, consistency)
  }
  const text = `no proof between size ${size} and the newest checkpoint in ${ATTEMPTS} attempts`
  throw new WitnessError('WITNESS_EVADED', text)
}
