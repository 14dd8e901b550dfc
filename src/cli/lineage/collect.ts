/** The lineage of a model as the coordinator keeps it: the events of its run, and the proofs of its log. */
import {
  encodeLeaf,
  leafHash,
  openCheckpoint,
  claimedLogKey,
  logOrigin,
  parseSignedReceipt,
} from '../../ledger/index.ts'
import type { ModelVersion, RunEvent } from '../../round/index.ts'
import type { Session } from '../session.ts'
import type { Epoch, Inclusion, Lineage } from './lineage.ts'

/** Proofs asked for at once: each is a call of its own. */
const AT_ONCE = 16

export async function collectLineage(session: Session, { runId, specJson }: ModelVersion): Promise<Lineage> {
  const receipts: Uint8Array[] = []
  const epochs = new Map<string, Epoch>()
  for await (const event of session.runs.watchRun({ runId, afterSequence: 0 }, session.open)) {
    const epoch = epochOf(event)
    if (epoch !== undefined) epochs.set(epoch.epoch, epoch)
    if (event.kind === 'round-closed' && event.receipt.length > 0) receipts.push(event.receipt)
  }
  const { checkpoint } = await session.runs.getCheckpoint({ size: 0 }, session.soon)
  const inclusions = await proveAll(session, receipts, sizeOf(checkpoint, session.federation))
  return { job: specJson, receipts, epochs: [...epochs.values()], checkpoint, inclusions }
}

/** Nothing of an event that was kept before there was evidence in it. */
function epochOf(event: RunEvent): Epoch | undefined {
  if (event.kind !== 'attested' || event.epoch === '') return undefined
  return { epoch: event.epoch, ...event.evidence }
}

/** Under whichever key it names: what is verified later is said there. */
function sizeOf(checkpoint: Uint8Array, federation: string): number {
  const trust = { origin: logOrigin(federation), log: claimedLogKey(checkpoint), witnesses: [], threshold: 0 }
  return openCheckpoint(checkpoint, trust).size
}

async function proveAll({ runs, soon }: Session, receipts: readonly Uint8Array[], size: number): Promise<Inclusion[]> {
  const proofs: Inclusion[] = []
  for (let at = 0; at < receipts.length; at += AT_ONCE) {
    const some = receipts.slice(at, at + AT_ONCE).map((sealed) => {
      const leaf = leafHash(encodeLeaf({ kind: 'receipt', ...parseSignedReceipt(sealed) }))
      return runs.proveInclusion({ leafHash: leaf, size }, soon)
    })
    proofs.push(...(await Promise.all(some)))
  }
  return proofs
}
