/** Runs played to their end, and what their receipts say. */
import { toHex } from '../../src/crypto/index.ts'
import type { JobSpec } from '../../src/job/index.ts'
import { parseSignedReceipt, type Receipt } from '../../src/ledger/index.ts'
import type { Run, RunEvent } from '../../src/round/index.ts'
import type { TestFederation } from '../support/federation.ts'

export type Closed = Extract<RunEvent, { kind: 'round-closed' }>

export interface Played {
  readonly run: Run
  readonly events: readonly RunEvent[]
  readonly closed: readonly Closed[]
  /** That of round 0 first. */
  readonly receipts: readonly Receipt[]
  /** Of the last model. */
  readonly digest: string
}

export type Watcher = (event: RunEvent) => Promise<void> | void

/** @param seen told of every event; what it begins is waited for */
export async function play(federation: TestFederation, spec: JobSpec, ...seen: readonly Watcher[]): Promise<Played> {
  const { runId } = await federation.submit(spec)
  const begun: Promise<void>[] = []
  const { run, events } = await federation.follow(runId, (event) => {
    for (const each of seen) {
      const doing = each(event)
      if (doing) begun.push(doing)
    }
  })
  await Promise.all(begun)
  const closed = events.filter((event) => event.kind === 'round-closed')
  const receipts = closed.map(({ receipt }) => parseSignedReceipt(receipt).receipt)
  return { run, events, closed, receipts, digest: toHex(closed.at(-1)?.modelDigest ?? new Uint8Array(0)) }
}

/** Acts the first time that an event is as it is waited for. */
export function once(when: (event: RunEvent) => boolean, act: () => Promise<void> | void): Watcher {
  let done = false
  return (event) => {
    if (done || !when(event)) return undefined
    done = true
    return act()
  }
}

export const closes =
  (round: number) =>
  (event: RunEvent): boolean =>
    event.kind === 'round-closed' && event.round === round

export const opens =
  (round: number) =>
  (event: RunEvent): boolean =>
    event.kind === 'round-opened' && event.round === round
