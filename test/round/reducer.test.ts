import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admit, RoundError, type RoundInput, type RunRecord, selectCohort } from '../../src/round/index.ts'
import { hex, Killed, PlayedRun } from './played.ts'
import { replay } from './records.ts'

const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e']

type Action =
  | RoundInput
  | { readonly kind: 'deliver'; readonly party: string; readonly age: number; readonly other: boolean }
  | { readonly kind: 'kill' }

const party = fc.constantFrom(...parties, 'stranger')
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      party,
      age: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, -1),
      other: fc.constantFrom(false, false, false, true),
    }),
  },
  party.map((p): RoundInput => ({ kind: 'left', party: p })),
  party.map((p): RoundInput => ({ kind: 'present', party: p })),
  fc
    .tuple(party, fc.integer({ min: 0, max: 5 }))
    .map(([p, round]): RoundInput => ({ kind: 'refused', party: p, round, detail: 'UPDATE_OVERFLOW' })),
  fc.integer({ min: 0, max: 1_050 }).map((nowMs): RoundInput => ({ kind: 'time', nowMs })),
  fc.constant<Action>({ kind: 'kill' }),
)

const sizes = fc
  .record({
    quorum: fc.integer({ min: 2, max: 3 }),
    more: fc.integer({ min: 0, max: 2 }),
    over: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ quorum, more, over }) => {
    const enough = Math.min(quorum + more, 5)
    return { quorum, enough, cohort: Math.min(enough + over, 5) }
  })

interface World {
  readonly quorum: number
  readonly enough: number
  readonly cohort: number
  readonly staleness: number
}

function createRun({ quorum, enough, cohort, staleness }: World): PlayedRun {
  return new PlayedRun(
    parties,
    4,
    (number, task) => ({ cohort, quorum, enough, staleness: task === 'train' ? Math.min(staleness, number - 1) : 0 }),
    (number) => selectCohort(parties, cohort, 3, number),
  )
}

/** Does what the action says; a refusal is thrown away, as its party does. */
function act(run: PlayedRun, each: Action): void {
  try {
    if (each.kind === 'kill') run.start()
    else if (each.kind !== 'deliver') run.input(each)
    else {
      const round = (run.round?.plan.number ?? 0) - each.age
      const digest = hex(`${each.party} ${round}${each.other ? ' other' : ''}`)
      run.input({ kind: 'received', party: each.party, round, digest, weight: 10 })
    }
  } catch (error) {
    if (error instanceof Killed) return
    expect(error).toBeInstanceOf(RoundError)
    // What the reducer lets in must never contradict the log.
    expect(error).not.toMatchObject({ code: 'ROUND_LOG_INVALID' })
  }
}

/** Whoever was told before a restart that its update counts can bring it again. */
function expectPlaces({ round }: PlayedRun): void {
  if (round?.state !== 'gathering') return
  const { plan, received } = round
  for (const [name, { digest, staleness }] of plan.acknowledged) {
    const kind = received.has(name) ? 'known' : 'new'
    expect(admit(round, name, plan.number - staleness, digest).kind).toBe(kind)
  }
}

const of = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K) =>
  records.filter((record): record is Extract<RunRecord, { kind: K }> => record.kind === kind)

/** The update with which each party counted, by round: what the records of the epoch say that committed it. */
function countedIn(records: readonly RunRecord[]): Map<number, RunRecord[]> {
  const rounds = new Map<number, RunRecord[]>()
  let current: RunRecord[] = []
  for (const record of records) {
    if (record.kind === 'epoch' || record.kind === 'opened') current = []
    if (record.kind === 'received') current.push(record)
    if (record.kind === 'committed') rounds.set(record.round, current)
  }
  return rounds
}

describe('in every order of events, with restarts anywhere', () => {
  const world = fc.record({
    size: sizes,
    staleness: fc.integer({ min: 0, max: 3 }),
    actions: fc.array(action, { maxLength: 160, size: 'max' }),
  })

  test('no update counts twice, and no party twice in a round', () => {
    const seen = { late: 0, again: 0 }
    fc.assert(
      fc.property(world, ({ size, staleness, actions }) => {
        const run = createRun({ ...size, staleness })
        run.start()
        for (const each of actions) act(run, each)
        const made = new Set<string>()
        for (const [round, received] of countedIn(run.records)) {
          const names = received.map((record) => (record.kind === 'received' ? record.party : ''))
          expect(new Set(names).size).toBe(names.length)
          expect(names.length).toBeGreaterThanOrEqual(size.quorum)
          for (const record of received) {
            if (record.kind !== 'received') continue
            expect(record.staleness).toBeLessThanOrEqual(staleness)
            seen.late += record.staleness > 0 ? 1 : 0
            const name = `${record.party} for ${round - record.staleness}`
            expect(made).not.toContain(name)
            made.add(name)
          }
        }
        seen.again += of(run.records, 'epoch').length > 1 && of(run.records, 'committed').length > 2 ? 1 : 0
      }),
      { seed: 17, numRuns: 600 },
    )
    // The property speaks of late updates and of restarts that the run survived, or of nothing.
    expect(seen.late).toBeGreaterThan(100)
    expect(seen.again).toBeGreaterThan(100)
  })

  test('no acknowledged update is lost but by its own party, and it is never replaced by another', () => {
    fc.assert(
      fc.property(world, ({ size, staleness, actions }) => {
        const run = createRun({ ...size, staleness })
        run.start()
        for (const each of actions) {
          act(run, each)
          expectPlaces(run)
        }
        const acknowledged = new Map<string, string>()
        for (const { round, party, digest } of of(run.records, 'received')) {
          const key = `${round} ${party}`
          expect(acknowledged.get(key) ?? digest).toBe(digest)
          acknowledged.set(key, digest)
        }
        // The epoch that commits has in its sum all that it acknowledged itself, which includes all that came again.
        const counted = countedIn(run.records)
        for (const { round, event } of of(run.records, 'committed')) {
          const names = (counted.get(round) ?? []).map((record) => (record.kind === 'received' ? record.party : ''))
          expect(event.contributors).toEqual(names.sort())
        }
      }),
      { seed: 19, numRuns: 400 },
    )
  })

  test('every prefix of the records is a history, and the whole of them is the live one', () => {
    fc.assert(
      fc.property(world, ({ size, staleness, actions }) => {
        const run = createRun({ ...size, staleness })
        run.start()
        for (const each of actions) act(run, each)
        expect({ ...replay(run.records) }).toEqual({ ...run.history })
        for (let length = 1; length <= run.records.length; length++) {
          const prefix = run.records.slice(0, length)
          const receipts: Uint8Array[] = []
          const history = replay(prefix, (receipt) => receipts.push(receipt))
          const committed = of(prefix, 'committed')
          expect(history.next).toBe(committed.length)
          expect(receipts).toEqual(committed.map(({ event }) => event.receipt))
          expect(history.stateDigest).toBe(committed.at(-1)?.stateDigest)
          expect(history.events.map(({ sequence }) => sequence)).toEqual(history.events.map((_, index) => index + 1))
          if (history.pending) expect(history.pending.number).toBe(history.next)
        }
      }),
      { seed: 23, numRuns: 60 },
    )
  })
})

describe('the contributors', () => {
  const all = { quorum: 2, enough: 5, cohort: 5, staleness: 0 }
  const contributors = (run: PlayedRun) => of(run.records, 'committed').map(({ event }) => event.contributors)
  const deliver = (run: PlayedRun, order: readonly string[]) => {
    for (const each of order) act(run, { kind: 'deliver', party: each, age: 0, other: false })
  }
  const order = fc.shuffledSubarray(parties, { minLength: 5 })

  /** Plays to the end, killed once after so many records; whoever had delivered comes again, in another order. */
  function play(size: World, killAfter: number, orders: readonly (readonly string[])[]): PlayedRun {
    const run = createRun(size)
    run.killAfter = killAfter
    let turn = 0
    for (;;) {
      try {
        run.start()
        while (run.history.ended === undefined) {
          const round = run.history.next
          for (const each of orders[turn++ % orders.length] ?? []) {
            if (run.history.next !== round) break
            try {
              const digest = hex(`${each} ${round}`)
              run.input({ kind: 'received', party: each, round, digest, weight: 10 })
            } catch (error) {
              if (error instanceof Killed) throw error
              expect(error).toBeInstanceOf(RoundError)
            }
          }
        }
        return run
      } catch (error) {
        expect(error).toBeInstanceOf(Killed)
        run.killAfter = Number.POSITIVE_INFINITY
      }
    }
  }

  test('are the same whatever the order of arrival and wherever the aggregator was killed', () => {
    const undisturbed = contributors(play(all, Number.POSITIVE_INFINITY, [parties]))
    expect(undisturbed).toEqual(Array.from({ length: 6 }, () => parties))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.array(order, { minLength: 1, maxLength: 7 }),
        (killAfter, orders) => {
          const run = play(all, killAfter, orders)
          expect(run.history.ended).toEqual({ state: 'finished', reason: '' })
          expect(contributors(run)).toEqual(undisturbed)
        },
      ),
      { seed: 29, numRuns: 300 },
    )
  })

  test('are as many as are enough, those among them that were acknowledged before a restart', () => {
    const over = { quorum: 2, enough: 3, cohort: 5, staleness: 0 }
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.array(order, { minLength: 1, maxLength: 7 }),
        (killAfter, orders) => {
          const run = play(over, killAfter, orders)
          expect(contributors(run).every((names) => names.length === 3)).toBe(true)
          for (const { round, party: name } of of(run.records, 'received')) {
            expect(contributors(run)[round]).toContain(name)
          }
        },
      ),
      { seed: 31, numRuns: 300 },
    )
  })

  test('are those of the closed round if it was killed before the commit', () => {
    const over = { quorum: 2, enough: 5, cohort: 5, staleness: 0 }
    const run = createRun(over)
    run.start()
    deliver(run, ['bank-b', 'bank-d', 'bank-e'])
    act(run, { kind: 'time', nowMs: 1_000 })
    const closedAt = run.records.findIndex(({ kind }) => kind === 'closed')
    const again = createRun(over)
    again.records.push(...run.records.slice(0, closedAt + 1))
    again.start()
    act(again, { kind: 'time', nowMs: 10 })
    deliver(again, ['bank-a', 'bank-e', 'bank-c', 'bank-d', 'bank-b'])
    expect(contributors(again)[0]).toEqual(['bank-b', 'bank-d', 'bank-e'])
  })
})
