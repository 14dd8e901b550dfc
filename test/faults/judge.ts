/** What has to be true of a run that was disturbed: nothing lost, nothing twice, and the same model bit for bit. */
import { expect } from 'vitest'
import { toHex } from '../../src/crypto/index.ts'
import { parseLeaf, type Receipt, receiptHash, verifyChain } from '../../src/ledger/index.ts'
import type { RunEvent } from '../../src/round/index.ts'
import { banks, type Federation, type Played } from './federation.ts'

type Closed = Extract<RunEvent, { kind: 'round-closed' }>

export const closedRounds = ({ events }: Pick<Played, 'events'>): Closed[] =>
  events.filter((event) => event.kind === 'round-closed')

export const modelDigest = (played: Played): string =>
  toHex(closedRounds(played).at(-1)?.modelDigest ?? new Uint8Array(0))

/**
 * How many receipts a party that ends the run has found in the ledger: it asks for the last one for 20 s, and ends with a
 * warning where the coordinator was away for longer.
 */
export type Confirmed = 'all' | 'but the last'

/** Finished, with every round, whole receipts, and history and ledger without gap or repetition. */
export async function judge(
  federation: Federation,
  played: Played,
  confirmed: Confirmed = 'all',
): Promise<readonly Receipt[]> {
  const { run, events, model } = played
  expect(run.state, `${run.reason} ${JSON.stringify(briefly(events))} ${federation.directory}`).toBe('finished')
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1))
  const closed = closedRounds(played)
  expect(closed.map(({ round }) => round)).toEqual(Array.from({ length: run.rounds + 2 }, (_, at) => at))
  expect(toHex(model?.digest ?? new Uint8Array(0))).toBe(modelDigest(played))
  const receipts = chainOf(events, closed)
  judgeUpdates(receipts, closed, played)
  expect(await leavesOf(federation, run.runId)).toEqual(receipts.map(receiptHash))
  judgeParties(receipts, played, confirmed)
  return receipts
}

/** As `judge`, and every party is in every round, and the model is the one of an undisturbed run. */
export async function judgeIdentical(
  federation: Federation,
  played: Played,
  undisturbed: string,
  confirmed: Confirmed = 'all',
): Promise<void> {
  const receipts = await judge(federation, played, confirmed)
  for (const { updates } of receipts) expect(updates.map(({ party }) => party)).toEqual(banks)
  expect(modelDigest(played)).toBe(undisturbed)
}

/** Each signed by the key that its epoch was attested with. */
function chainOf(events: readonly RunEvent[], closed: readonly Closed[]): Receipt[] {
  const keys = events.flatMap((event) => (event.kind === 'attested' ? [[event.epoch, event.receiptKey] as const] : []))
  expect(new Set(keys.map(([epoch]) => epoch)).size).toBe(keys.length)
  return verifyChain(
    closed.map(({ receipt }) => receipt),
    new Map(keys),
  )
}

function judgeUpdates(receipts: readonly Receipt[], closed: readonly Closed[], { acknowledged }: Played): void {
  const counted = receipts.flatMap(({ round, updates }) => updates.map((update) => ({ round, ...update })))
  const names = counted.map(({ party, digest, round }) => `${party} ${round} ${digest}`)
  const answered = counted.map(({ party, base }) => `${party} ${base}`)
  expect(new Set(answered).size, 'an update was counted twice').toBe(answered.length)
  for (const { party, round, digest } of acknowledged) expect(names).toContain(`${party} ${round} ${digest}`)
  for (const [at, { updates }] of receipts.entries()) {
    expect(closed[at]?.contributors).toEqual(updates.map(({ party }) => party))
  }
}

/** Who has ended the run has checked every receipt, and found every one in the ledger. */
function judgeParties(receipts: readonly Receipt[], { points, run }: Played, confirmed: Confirmed): void {
  const least = confirmed === 'all' ? receipts.length : receipts.length - 1
  for (const { program, data } of points) {
    const facts = data.facts
    if (typeof facts !== 'object' || facts === null || !('run' in facts) || facts.run !== run.runId) continue
    expect(facts, `${program} left the run`).toMatchObject({ left: null })
    if ('ended' in facts && facts.ended === true) {
      expect(Number(Reflect.get(facts, 'confirmed')), program).toBeGreaterThanOrEqual(least)
    }
  }
}

const PAGE = 1_000

/** Hashes of the receipts of a run, as the ledger has them. */
async function leavesOf({ session }: Federation, runId: string): Promise<string[]> {
  const found: string[] = []
  for (let from = 0, got = PAGE; got === PAGE; from += PAGE) {
    got = 0
    for await (const bytes of session.runs.readLeaves({ from, count: PAGE }, session.soon)) {
      got += 1
      const leaf = parseLeaf(bytes)
      if (leaf.kind === 'receipt' && leaf.receipt.run === runId) found.push(receiptHash(leaf.receipt))
    }
  }
  return found
}

const briefly = (events: readonly RunEvent[]): string[] =>
  events.map((event) => {
    if (event.kind === 'state-changed') return `${event.state} ${event.reason}`
    if (event.kind === 'party-changed') return `${event.party} ${event.activity} ${event.round} ${event.detail}`
    return 'round' in event ? `${event.kind} ${event.round}` : event.kind
  })
