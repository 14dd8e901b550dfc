/**
 * A federation of real programs for the fault tests: homes made by the command line's own verbs, a process for each
 * program, one run after the other. Whoever plays a run may disturb it; `play` follows it to its end over every restart.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initFederation } from '../../src/cli/init/federation.ts'
import { initParty } from '../../src/cli/init/party.ts'
import { openSession, type Session } from '../../src/cli/session.ts'
import { canonicalSpec, type JobSpec } from '../../src/job/index.ts'
import { finalRunStates, type ModelVersion, type Run, type RunEvent } from '../../src/round/index.ts'
import { RpcError } from '../../src/rpc/index.ts'
import { loansCsv, loansSpec } from '../support/loans.ts'
import { contextOf } from './context.ts'
import { deferred, type Point, Program } from './program.ts'

export const banks = ['bank-a', 'bank-b', 'bank-c'] as const
export type Bank = (typeof banks)[number]
export type Role = 'aggregator' | 'coordinator' | Bank

/** What a party was told: its update of this digest is in the sum of this round. */
export interface Acknowledgement {
  readonly party: string
  readonly round: number
  readonly digest: string
}

export interface Played {
  readonly run: Run
  readonly events: readonly RunEvent[]
  readonly model: ModelVersion | undefined
  readonly acknowledged: readonly Acknowledgement[]
  /** Everything that the parties' agents came to while it lasted. */
  readonly points: readonly Point[]
}

const files = {
  aggregator: new URL('./aggregator-child.ts', import.meta.url),
  coordinator: new URL('./coordinator-child.ts', import.meta.url),
  party: new URL('./party-child.ts', import.meta.url),
} as const

export interface FederationOptions {
  /** Where parties dial the aggregator, if not at its own address: given that, makes another. */
  readonly between?: (aggregator: string) => Promise<string>
  /** Does something to the homes before the programs start. */
  readonly prepare?: (federation: Federation) => void
}

const ROWS = 120
/** A party lets so much time go by before it accepts a fourth connection: what was lost in one run is not held against the next. */
const PACE_MS = 61_000
const settings = { count: 2, quorum: 2, minimumParties: 2, deadlineSeconds: 60 }

/** Logistic, two training rounds, and quick. */
export const quickSpec = (rounds: object = {}, changes: object = {}): JobSpec =>
  loansSpec(banks, {
    rounds: { ...settings, ...rounds },
    training: { epochs: 1, batch: 32, learningRate: 0.05 },
    ...changes,
  })

export class Federation {
  readonly directory = mkdtempSync(join(tmpdir(), 'coffer-faults-'))
  readonly #programs = new Map<Role, Program>()
  readonly #listeners = new Set<(point: Point) => void>()
  #session: Session | undefined
  #offsetMs = 0

  static async start(options: FederationOptions = {}): Promise<Federation> {
    const federation = new Federation()
    await federation.#make(options)
    options.prepare?.(federation)
    await Promise.all([...federation.#programs.values()].map((program) => program.start()))
    return federation
  }

  program(role: Role): Program {
    const program = this.#programs.get(role)
    if (program) return program
    throw new Error(`there is no ${role}`)
  }

  home(role: Role): string {
    return join(this.directory, 'federation', role.startsWith('bank') ? `parties/${role}` : role)
  }

  /** By how much every clock is ahead. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  get session(): Session {
    if (this.#session) return this.#session
    throw new Error('the federation has not started')
  }

  /** Called with everything that the programs come to, until the returned function is called. */
  listen(listener: (point: Point) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves at the next such point. */
  until(wanted: (point: Point) => boolean): Promise<Point> {
    return new Promise((resolve) => {
      const off = this.listen((point) => {
        if (!wanted(point)) return
        off()
        resolve(point)
      })
    })
  }

  /** Resolves when the run has ended and every party that is to end it has ended it. */
  async play(spec: JobSpec, seen: Disturbance = () => undefined, ending: readonly Bank[] = banks): Promise<Played> {
    const points: Point[] = []
    const off = this.listen((point) => points.push(point))
    const { session } = this
    await this.#pass(PACE_MS)
    try {
      const { runId } = await session.runs.submitRun({ specJson: canonicalSpec(spec) }, session.soon)
      const ended = ending.map((bank) => this.#ended(bank, runId, points))
      const disturbances: (Promise<unknown> | undefined)[] = []
      const events = await this.#follow(runId, (event) => disturbances.push(seen(event, runId)))
      await Promise.all(disturbances)
      const run = await session.runs.getRun({ runId }, session.soon)
      const { modelId } = run
      const model = modelId === undefined ? undefined : await session.runs.getModel({ modelId }, session.soon)
      if (run.state === 'finished') await Promise.all(ended)
      return { run, events, model, points, acknowledged: points.flatMap(acknowledgement) }
    } finally {
      off()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]()
    await Promise.all([...this.#programs.values()].map((program) => program.kill()))
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Moves every clock on. */
  async #pass(ms: number): Promise<void> {
    this.#offsetMs += ms
    for (const program of this.#programs.values()) {
      // One that stands still has its order when it goes on.
      const ordered = program.running ? program.order({ kind: 'clock', offsetMs: this.#offsetMs }) : undefined
      if (!program.still) await ordered
    }
  }

  /** The party has written down that the run is over, with all its receipts. */
  async #ended(bank: Bank, runId: string, points: readonly Point[]): Promise<void> {
    const is = ({ program, point, data }: Point): boolean =>
      program === bank && point === 'write run.json after' && endedFacts(data.facts, runId)
    if (!points.some(is)) await this.until(is)
  }

  async #follow(runId: string, seen: (event: RunEvent) => void): Promise<RunEvent[]> {
    const { runs, open } = this.session
    const events: RunEvent[] = []
    const isEnd = (event: RunEvent) => event.kind === 'state-changed' && finalRunStates.includes(event.state)
    while (!events.some(isEnd)) {
      try {
        for await (const event of runs.watchRun({ runId, afterSequence: events.length }, open)) {
          events.push(event)
          seen(event)
        }
      } catch (error) {
        if (!(error instanceof RpcError && error.row.status === 'UNAVAILABLE')) throw error
        // A user's client tries again in the same way.
        await pause(50)
      }
    }
    return events
  }

  async #make({ between = async (address) => address }: FederationOptions): Promise<void> {
    const home = join(this.directory, 'federation')
    const context = contextOf(home, Date.now)
    const [coordinator, aggregator] = [await freeAddress(), await freeAddress()]
    await initFederation(context, { coordinator, aggregator, days: 2, simulated: true }, 'faults')
    const dialled = await between(aggregator)
    const options = { days: 2, request: false, certificate: undefined, roots: undefined }
    for (const bank of banks) {
      const file = join(this.directory, `${bank}.csv`)
      writeFileSync(file, loansCsv(bank, ROWS))
      const [own, data] = [this.home(bank), [`loans=${file}`]]
      await initParty({ ...context, home: own }, { ...options, federation: home, data }, bank)
      const yaml = join(own, 'coffer.yaml')
      writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(aggregator, dialled))
    }
    mkdirSync(join(this.directory, 'logs'))
    for (const name of ['aggregator', 'coordinator', ...banks] as const) this.#programs.set(name, this.#program(name))
    this.#session = await openSession(context, { coordinator: undefined })
  }

  #program(name: Role): Program {
    return new Program({
      name,
      file: name === 'aggregator' || name === 'coordinator' ? files[name] : files.party,
      home: this.home(name),
      log: join(this.directory, 'logs', `${name}.log`),
      offsetMs: () => this.#offsetMs,
      seen: (point) => {
        for (const listener of this.#listeners) listener(point)
      },
    })
  }
}

/** Called with each event of a run once, in order. */
export type Disturbance = (event: RunEvent, runId: string) => Promise<unknown> | undefined

/** Does something at the first event that is the wanted one. */
export function atFirst(wanted: (event: RunEvent) => boolean, work: () => Promise<unknown>): Disturbance {
  let done = false
  return (event) => {
    if (done || !wanted(event)) return undefined
    done = true
    return work()
  }
}

export const isOpening = (round: number) => (event: RunEvent) => event.kind === 'round-opened' && event.round === round
export const isClosing = (round: number) => (event: RunEvent) => event.kind === 'round-closed' && event.round === round
export const isDelivery = (round: number) => (event: RunEvent) =>
  event.kind === 'party-changed' && event.activity === 'delivered' && event.round === round

function endedFacts(facts: unknown, runId: string): boolean {
  if (typeof facts !== 'object' || facts === null || !('run' in facts) || !('ended' in facts)) return false
  return facts.run === runId && facts.ended === true
}

function acknowledgement({ program, point, data }: Point): Acknowledgement[] {
  if (point !== 'upload accepted') return []
  return [{ party: program, round: Number(data.round), digest: String(data.digest) }]
}

/** A port that was free a moment ago. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  const { promise, resolve } = deferred()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  await new Promise((closed) => server.close(closed))
  return `127.0.0.1:${address.port}`
}
