/**
 * An aggregator without numbers, for the tests of this room: it plays rounds by the reducer, writes records as the
 * aggregator does, and can be killed after any of them.
 */
import {
  contributorsOf,
  encodeRecord,
  missingFrom,
  openRound,
  parseRecord,
  planRound,
  type Round,
  type RoundEffect,
  type RoundInput,
  type RoundRules,
  type RunRecord,
  step,
  type TaskKind,
} from '../../src/round/index.ts'
import { replay } from './records.ts'

export const hex = (text: string): string => Buffer.from(text.padEnd(32, '.')).toString('hex').slice(0, 64)
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(hex(text), 'hex'))

export class Killed extends Error {}

export class PlayedRun {
  /** What is on disk, through its bytes. */
  readonly records: RunRecord[] = []
  history = replay([])
  round: Round | undefined
  present: ReadonlySet<string> = new Set()
  /** Records after which it is killed; Infinity: never. */
  killAfter = Number.POSITIVE_INFINITY
  readonly parties: readonly string[]
  readonly #rules: (number: number, task: TaskKind) => RoundRules
  readonly #rounds: number
  readonly #cohort: (number: number) => readonly string[]

  constructor(
    parties: readonly string[],
    rounds: number,
    rules: (number: number, task: TaskKind) => RoundRules,
    cohort: (number: number) => readonly string[],
  ) {
    this.parties = parties
    this.#rounds = rounds
    this.#rules = rules
    this.#cohort = cohort
  }

  /** Begins, or begins again from what is on disk. */
  start(): void {
    this.history = replay(this.records)
    const epoch = `${this.history.epochs.length}`.padStart(32, '0')
    this.#write({ kind: 'epoch', epoch, receiptKey: 'ab'.repeat(44) })
    this.round = undefined
    this.present = new Set(this.parties)
    for (const party of this.parties) {
      if (!this.history.members.has(party)) this.#write({ kind: 'member', party, rows: 10 })
    }
    if (this.history.ended === undefined) this.#open()
  }

  input(input: RoundInput): void {
    if (!this.round || this.history.ended) return
    const { round, effects } = step(this.round, input)
    this.round = round
    for (const effect of effects) this.#carryOut(round, effect)
  }

  #open(): void {
    const { pending, next: number } = this.history
    if (number > this.#rounds + 1) {
      this.#end('finished', '')
      return
    }
    const task = number === 0 ? 'statistics' : number <= this.#rounds ? 'train' : 'evaluate'
    const cohort = pending?.cohort ?? this.#cohort(number)
    const deadlineMs = 1_000
    const plan = planRound(this.history, this.#rules(number, task), { number, task, cohort, deadlineMs })
    this.#write({ kind: 'opened', round: number, task, cohort, weightUnit: 30, deadlineMs })
    this.#write({
      kind: 'event',
      event: { ...this.#head(), kind: 'round-opened', round: number, task, cohort, deadlineMs },
    })
    this.round = openRound(plan, this.present)
  }

  #carryOut(round: Round, effect: RoundEffect): void {
    const { number, task } = round.plan
    if (effect.kind === 'add') {
      const digest = round.received.get(effect.party)?.digest ?? ''
      const { party, weight, staleness } = effect
      this.#write({ kind: 'received', round: number, party, digest, weight, staleness })
    } else if (effect.kind === 'announce') {
      const { party, activity, detail } = effect
      this.#write({
        kind: 'event',
        event: { ...this.#head(), kind: 'party-changed', party, activity, round: number, detail },
      })
    } else if (effect.kind === 'abandon') {
      this.#end('abandoned', effect.reason)
    } else {
      const contributors = contributorsOf(round)
      this.#write({ kind: 'closed', round: number, contributors })
      const totals = { metrics: { auc: 0.5 }, trainingLoss: 0.7, gatherMs: -1, sumMs: 2, stepMs: 0.5 }
      const made = { modelDigest: bytes(`model ${number}`), receipt: bytes(`receipt ${number}`) }
      const closed = { kind: 'round-closed', round: number, task, contributors, missing: missingFrom(round) } as const
      const event = { ...this.#head(), ...closed, ...totals, ...made }
      this.#write({ kind: 'committed', round: number, stateDigest: hex(`state ${number}`), event })
      this.#open()
    }
  }

  #end(state: 'finished' | 'abandoned', reason: string): void {
    this.#write({ kind: 'ended', ...this.#head(), state, reason })
  }

  #head() {
    return { sequence: this.history.events.length + 1, atMs: this.records.length }
  }

  #write(record: RunRecord): void {
    if (this.records.length >= this.killAfter) throw new Killed()
    const written = parseRecord(encodeRecord(record))
    this.records.push(written)
    this.history.apply(written)
  }
}
