/**
 * What does attestation cost at a connection, over mutual TLS alone, and what does a storm of connections cost?
 * The aggregator is a process of its own on loopback, with everything it has. A coordinator's connection to it is
 * plain: the same code and the same server, without the nonce, the evidence and the verdict. A connect is from the dial
 * to the answer of the first health check.
 *
 * CPU is that of whole processes, threads of the runtime included, over ten connects one after the other with their
 * closing; kinds of connections take turns. A storm meets an aggregator that has just started, as a storm does: its
 * code is not compiled yet and it has no quote.
 */
import { createAppraiser, createRecords, type Records } from '../parties/index.ts'
import {
  type Appraiser,
  type ClientCall,
  type Connection,
  grpcNetwork,
  type Identity,
  type Role,
} from '../src/rpc/index.ts'
import { createTestAttestation } from '../test/support/attestation.ts'
import { createAuthority } from '../test/support/identities.ts'
import { type AggregatorProcess, eachOf, SEED, startAggregatorProcess, unwritten } from './aggregator-process.ts'
import type { Question, Row, Setting } from './question.ts'

/** Of the TEE for one quote: what hardware takes. */
const QUOTE_MS = 100
const CONNECTS_IN_TURN = 10
const TURNS = { quick: 5, full: 40 }
const STORM = { quick: 100, full: 1000 }
const STORMS = { quick: 1, full: 3 }
/**
 * Dials under way: one process plays all the parties and needs more CPU for a dial than the aggregator, so that the
 * last of a thousand at the same instant would wait for this process until its handshake is given up, after 10 s.
 */
const DIALS_AT_ONCE = 300
const KEYS_AT_ONCE = 16
/** Milliseconds that attestation may add to a connect: the targets of the product. */
const TARGET = { party: 10, aggregator: 2 }

export const connect: Question = {
  name: 'connect',
  asks:
    'Time and CPU of an attested connection, from the dial to the first answer, against the same without attestation; ' +
    'and of a storm of parties, each with a certificate of its own, at an aggregator that has just started and takes ' +
    `${QUOTE_MS} ms for a quote.`,
  async *measure(setting) {
    await using stage = await prepare()
    yield* measureConnects(stage, setting.quick ? TURNS.quick : TURNS.full)
    yield* measureStorms(stage, setting)
  },
}

const row = (name: string, value: number, unit: string, ratio: number | null, against: string | null): Row => {
  return { question: 'connect', case: name, value, unit, ratio, against }
}

interface Stage extends AsyncDisposable {
  issue(role: Role, name: string): Promise<Identity>
  aggregator(): Promise<AggregatorProcess>
  appraiser(records: Records): Appraiser
  /** On disk, in a directory that goes with the stage. */
  readonly records: Records
}

async function prepare(): Promise<Stage> {
  const federation = 'benchmark'
  const { issue, rootPem: rootsPem } = await createAuthority(federation)
  const attestation = await createTestAttestation(federation, rootsPem, SEED)
  const { signed, policy, collateral } = attestation
  const identity = await issue('aggregator', 'bench')
  const log = { info: quiet, warn: quiet, error: quiet }
  return {
    issue,
    records: createRecords(attestation.recordsOf('bench')),
    aggregator: () => startAggregatorProcess({ federation, identity, policy, quoteMs: QUOTE_MS }),
    appraiser: (records) =>
      createAppraiser({ federation, rootsPem, policy: signed, collateral, records, now: Date.now, log }),
    [Symbol.asyncDispose]: () => attestation[Symbol.asyncDispose](),
  }
}

const quiet = () => undefined

interface Cost {
  readonly wallMs: number
  readonly partyMs: number
  readonly aggregatorMs: number
}

async function* measureConnects(stage: Stage, turns: number): AsyncGenerator<Row> {
  await using aggregator = await stage.aggregator()
  const { address } = aggregator
  const [bank, coordinator] = [await stage.issue('party', 'bank'), await stage.issue('coordinator', 'bench')]
  const as = (identity: Identity, records?: Records) => {
    // A new one for each dial: an agent that was accepted three times within a minute turns the next one away.
    const appraiser = () => records && { appraiser: stage.appraiser(records) }
    return () => grpcNetwork.connect({ address, identity, role: 'aggregator', ...appraiser() })
  }
  const cost = await inTurnAt(aggregator, turns, {
    plain: as(coordinator),
    attested: as(bank, stage.records),
    unrecorded: as(bank, unwritten),
  })
  const parts: readonly (readonly [key: keyof Cost, what: string, targetMs: number])[] = [
    ['wallMs', 'time', TARGET.party],
    ['partyMs', 'CPU of the party', TARGET.party],
    ['aggregatorMs', 'CPU of the aggregator', TARGET.aggregator],
  ]
  for (const [key, what] of parts) {
    const attested = median(cost('attested', key))
    yield row(`attested: ${what}`, attested, 'ms', attested / median(cost('plain', key)), 'a plain mTLS connection')
  }
  const more = (key: keyof Cost) => medianDifference(cost('attested', key), cost('plain', key))
  for (const [key, what, targetMs] of parts) {
    yield row(`more than plain: ${what}`, more(key), 'ms', more(key) / targetMs, `the target of ${targetMs} ms`)
  }
  for (const [key, what] of parts.slice(0, 2)) {
    const record = medianDifference(cost('attested', key), cost('unrecorded', key))
    yield row(`of that, the record on disk: ${what}`, record, 'ms', record / more(key), 'all that is more than plain')
  }
}

/** Of each turn's two figures: what else the machine did then has met both. */
const medianDifference = (of: readonly number[], against: readonly number[]): number =>
  median(of.map((value, turn) => value - (against[turn] ?? Number.NaN)))

/** The turns of each kind, per connection. Half as many turns come before, for what is compiled on the way. */
async function inTurnAt<Kind extends string>(
  aggregator: AggregatorProcess,
  turns: number,
  kinds: Readonly<Record<Kind, () => Connection>>,
): Promise<(kind: Kind, key: keyof Cost) => number[]> {
  const entries = Object.entries<() => Connection>(kinds)
  const costs = new Map<string, Cost[]>(entries.map(([kind]) => [kind, []]))
  const warmUp = Math.ceil(turns / 2)
  for (let turn = 0; turn < warmUp + turns; turn += 1) {
    for (const [kind, dial] of entries) {
      const cost = await oneTurn(aggregator, dial)
      if (turn >= warmUp) costs.get(kind)?.push(cost)
    }
  }
  return (kind, key) => (costs.get(kind) ?? []).map((cost) => cost[key])
}

async function oneTurn(aggregator: AggregatorProcess, dial: () => Connection): Promise<Cost> {
  const before = await aggregator.usage()
  const cpuBefore = process.cpuUsage()
  const times: number[] = []
  for (let i = 0; i < CONNECTS_IN_TURN; i += 1) {
    const began = performance.now()
    await using connection = dial()
    await connection.reach(patiently())
    times.push(performance.now() - began)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const after = await aggregator.usage()
  return {
    wallMs: median(times),
    partyMs: (user + system) / 1000 / CONNECTS_IN_TURN,
    aggregatorMs: (after.cpuMs - before.cpuMs) / CONNECTS_IN_TURN,
  }
}

const patiently = (): ClientCall => ({ signal: new AbortController().signal, deadlineMs: 120_000 })

interface Storm {
  readonly wallMs: number
  readonly aggregatorMs: number
  readonly peakKiB: number
  readonly quotes: number
}

async function* measureStorms(stage: Stage, { quick, remark }: Setting): AsyncGenerator<Row> {
  const count = quick ? STORM.quick : STORM.full
  const issueAll = (role: Role) =>
    eachOf(Array.from({ length: count }), KEYS_AT_ONCE, (_, i) => stage.issue(role, `storm-${i}`))
  const [parties, coordinators] = [await issueAll('party'), await issueAll('coordinator')]
  remark(`${2 * count} certificates were issued`)
  const storms: Record<'attested' | 'plain', Storm[]> = { attested: [], plain: [] }
  for (let i = 0; i < (quick ? STORMS.quick : STORMS.full); i += 1) {
    storms.plain.push(await oneStorm(stage, coordinators, undefined))
    storms.attested.push(await oneStorm(stage, parties, () => stage.appraiser(unwritten)))
    remark(`storm ${i + 1} of each kind is over`)
  }
  const of = (kind: 'attested' | 'plain', key: keyof Storm): number => median(storms[kind].map((storm) => storm[key]))
  const name = `storm of ${count}`
  const parts: readonly (readonly [key: keyof Storm, what: string, unit: string])[] = [
    ['wallMs', 'until all are connected', 'ms'],
    ['aggregatorMs', 'CPU of the aggregator, each', 'ms'],
    ['peakKiB', 'peak memory of the aggregator, each', 'KiB'],
  ]
  for (const [key, what, unit] of parts) {
    const value = of('attested', key)
    yield row(`${name}: ${what}`, value, unit, value / of('plain', key), 'as many plain mTLS connections')
  }
  const quotes = of('attested', 'quotes')
  yield row(`${name}: quotes`, quotes, 'quotes', quotes / count, 'a quote for each')
}

/** Throws when one connection does not come about. */
async function oneStorm(
  stage: Stage,
  identities: readonly Identity[],
  appraiser: (() => Appraiser) | undefined,
): Promise<Storm> {
  await using aggregator = await stage.aggregator()
  const { address } = aggregator
  // Reading the own certificate and key is before the storm: each party does it once, at its start.
  const connections = identities.map((identity) =>
    grpcNetwork.connect({ address, identity, role: 'aggregator', ...(appraiser && { appraiser: appraiser() }) }),
  )
  try {
    const before = await aggregator.usage()
    const began = performance.now()
    await eachOf(connections, DIALS_AT_ONCE, (connection) => connection.reach(patiently()))
    const wallMs = performance.now() - began
    const after = await aggregator.usage()
    return {
      wallMs,
      aggregatorMs: (after.cpuMs - before.cpuMs) / identities.length,
      peakKiB: (after.peakBytes - before.residentBytes) / 1024 / identities.length,
      quotes: after.quotes - before.quotes,
    }
  } finally {
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()))
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
