/**
 * One start of an aggregator, as a party meets it, that really signs its receipts; it neither sums nor trains. What it
 * hands out can be bent: a test makes it lie and looks whether the party notices.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { AggregatorProver } from '../../../src/aggregator/prover.ts'
import { sha256, toHex } from '../../../src/crypto/index.ts'
import type { JobSpec } from '../../../src/job/index.ts'
import { initialParameters, type ModelPlan } from '../../../src/learning/index.ts'
import { type Receipt, parseSignedReceipt, receiptHash, sealReceipt } from '../../../src/ledger/index.ts'
import type { ClientCall, RoundApi, Task, UpdatePart, UploadStatus } from '../../../src/rpc/index.ts'
import { RemoteError, RpcError } from '../../../src/rpc/index.ts'
import type { AttestedEpoch } from '../../../parties/index.ts'
import { createInbox } from './inbox.ts'

export interface Run {
  readonly runId: string
  readonly spec: JobSpec
  readonly jobDigest: Uint8Array
  readonly plan: ModelPlan
  readonly federation: string
  readonly policyDigest: string
  readonly runKey: Uint8Array
}

export interface Received {
  readonly party: string
  readonly round: number
  readonly digest: string
  readonly weight: number
  readonly bytes: Uint8Array
  /** In whose sum it was said to be. */
  readonly counted: number
}

const refusal = new RemoteError('ROUND_CLOSED', 'FAILED_PRECONDITION', 'the round has closed')

const others = { 'bank-b': 120, 'bank-c': 80 }

/** As createProver makes them. */
type EpochKeys = Pick<AggregatorProver, 'epoch' | 'receiptKey' | 'sign'>

function createKeys(): EpochKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    epoch: toHex(randomBytes(16)),
    receiptKey: publicKey.export({ format: 'der', type: 'spki' }).toString('hex'),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  }
}

export class FakeAggregator {
  readonly run: Run
  readonly attested: AttestedEpoch
  readonly #sign: (message: Uint8Array) => Uint8Array
  /** Sealed, in order. */
  readonly receipts: Uint8Array[]
  /** Parameters by digest: the models, and control variates. */
  readonly models = new Map<string, Uint8Array>()
  readonly joined = createInbox<{ runKey: string; rows: number; checkpoint: string }>()
  readonly received = createInbox<Received>()
  /** Rounds whose updates came too late. */
  readonly refused = createInbox<number>()
  readonly declined = createInbox<{ round: number; code: string }>()
  /** In whose sum an update is that comes now; undefined refuses it. */
  counts: (round: number) => number | undefined = (round) => round
  /** The model after a training round. */
  trainedModel: (model: Float32Array, round: number) => Float32Array = (model, round) =>
    model.map((value) => value + round)
  /** Keeps acknowledgements back until it is resolved. */
  acknowledge: Promise<void> = Promise.resolve()
  #model: Uint8Array
  #task: Task | undefined
  #changed = createInbox<Task>()
  #dead: (reason: Error) => void = () => undefined
  readonly #died: Promise<never>

  /** @param receipts with which it goes on, after a restart */
  constructor(
    run: Run,
    receipts: readonly Uint8Array[] = [],
    models?: ReadonlyMap<string, Uint8Array>,
    keys: EpochKeys = createKeys(),
  ) {
    this.run = run
    this.attested = { epoch: keys.epoch, receiptKey: keys.receiptKey, policyDigest: run.policyDigest }
    this.#sign = keys.sign
    this.receipts = [...receipts]
    const initial = initialParameters(run.plan, run.spec.seed)
    this.#model = new Uint8Array(initial.buffer.slice(0))
    this.#keepModel(this.#model)
    for (const [digest, bytes] of models ?? []) this.models.set(digest, bytes)
    const last = this.last
    this.#model = (last && this.models.get(last.modelAfter)) ?? this.#model
    this.#died = new Promise<never>((_, reject) => {
      this.#dead = reject
    })
    this.#died.catch(() => undefined)
  }

  get last(): Receipt | undefined {
    const sealed = this.receipts.at(-1)
    return sealed && parseSignedReceipt(sealed).receipt
  }

  /** Every call ends as when a machine goes down. */
  die(): void {
    this.#dead(new RpcError('PEER_UNREACHABLE', 'the aggregator went down'))
  }

  /** Gives the task of the round that follows the newest receipt. */
  give(changes: object = {}): void {
    const round = this.receipts.length
    const { count } = this.run.spec.rounds
    const base = { runId: this.run.runId, round, weightUnit: 500, remainingMs: 60_000 }
    const common = { ...base, receipts: round, runKey: this.run.runKey, checkpoints: [] }
    const model = {
      modelDigest: sha256(this.#model),
      standardisation: { mean: [0, 0, 0, 0], deviation: [1, 1, 1, 1] },
    }
    const task: Task =
      round === 0
        ? { ...common, kind: 'statistics', ...changes }
        : round <= count
          ? { ...common, ...model, kind: 'train', controlDigest: this.#control(), ...changes }
          : { ...common, ...model, kind: 'evaluate', ...changes }
    this.#assign(task)
  }

  end(): void {
    const common = { runId: this.run.runId, round: 0, weightUnit: 1, remainingMs: 0, runKey: new Uint8Array(0) }
    this.#assign({
      ...common,
      receipts: this.receipts.length,
      checkpoints: [],
      kind: 'ended',
      state: 'finished',
      reason: '',
    })
  }

  /** Closes the round with what was received for it and with what the others sent. @returns its receipt */
  close(changes: Partial<Receipt> = {}): Receipt {
    const round = this.receipts.length
    const before = this.last
    const own = this.received.all.filter(({ counted }) => counted === round).at(-1)
    const updates = [
      ...(own ? [{ party: own.party, digest: own.digest, weight: own.weight, base: own.round }] : []),
      ...Object.entries(others).map(([party, weight]) => {
        return { party, digest: toHex(sha256(Buffer.from(`${party} ${round}`))), weight, base: round }
      }),
    ]
    const modelBefore = toHex(sha256(this.#model))
    if (round > 0 && round <= this.run.spec.rounds.count) this.#step(round)
    const receipt: Receipt = {
      federation: this.run.federation,
      run: this.run.runId,
      jobDigest: toHex(this.run.jobDigest),
      policyDigest: this.run.policyDigest,
      epoch: this.attested.epoch,
      round,
      updates: updates.sort((a, b) => (a.party < b.party ? -1 : 1)),
      clip: null,
      noise: null,
      modelBefore,
      modelAfter: toHex(sha256(this.#model)),
      stateAfter: toHex(sha256(this.#model)),
      privacySpent: null,
      previous: before ? receiptHash(before) : null,
      ...changes,
    }
    this.receipts.push(sealReceipt(receipt, this.#sign))
    return receipt
  }

  /** By another key than the attested one. */
  forge(): void {
    const receipt = this.close()
    const { privateKey } = generateKeyPairSync('ed25519')
    this.receipts[receipt.round] = sealReceipt(receipt, (message) => new Uint8Array(sign(null, message, privateKey)))
  }

  /** At either end of the wire: of the call it uses nothing but the signal. */
  readonly rounds: RoundApi<Pick<ClientCall, 'signal'>> = {
    join: (request, call) => this.#join(request, call),
    fetchParameters: ({ modelDigest, offset }) => this.#fetch(modelDigest, offset),
    fetchReceipts: ({ after }) => this.#stream(this.receipts.slice(after)),
    submitUpdate: (parts) => this.#submit(parts),
    declineTask: async ({ round, code }) => {
      this.declined.put({ round, code })
      return {}
    },
  }

  #step(round: number): void {
    const next = this.trainedModel(new Float32Array(this.#model.slice().buffer), round)
    this.#model = new Uint8Array(next.slice().buffer)
    this.#keepModel(this.#model)
  }

  #control(): Uint8Array {
    if (this.run.spec.strategy.kind !== 'scaffold') return new Uint8Array(0)
    const control = new Uint8Array(4 * this.run.plan.size)
    this.#keepModel(control)
    return sha256(control)
  }

  #keepModel(bytes: Uint8Array): void {
    this.models.set(toHex(sha256(bytes)), bytes)
  }

  #assign(task: Task): void {
    this.#task = task
    this.#changed.put(task)
  }

  async *#join(
    request: Parameters<RoundApi<ClientCall>['join']>[0],
    { signal }: Pick<ClientCall, 'signal'>,
  ): AsyncGenerator<Task> {
    const { runKey, rows, checkpoint } = request
    this.joined.put({ runKey: toHex(runKey), rows, checkpoint: Buffer.from(checkpoint).toString() })
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new RpcError('CALL_ABORTED', 'aborted')), { once: true })
    })
    aborted.catch(() => undefined)
    let sent: Task | undefined
    for (;;) {
      const task = this.#task
      if (task !== undefined && task !== sent) {
        sent = task
        yield task
        if (task.kind === 'ended') return
        continue
      }
      await Promise.race([this.#changed.count(this.#changed.all.length + 1), aborted, this.#died])
    }
  }

  async *#fetch(digest: Uint8Array, offset: number): AsyncGenerator<Uint8Array> {
    const bytes = this.models.get(toHex(digest))
    if (bytes === undefined) throw new Error(`no model ${toHex(digest)}`)
    yield bytes.subarray(offset)
  }

  async *#stream(sealed: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* sealed
  }

  async *#submit(parts: AsyncIterable<UpdatePart>): AsyncGenerator<UploadStatus> {
    const iterator = parts[Symbol.asyncIterator]()
    const { value: header } = await iterator.next()
    if (header?.kind !== 'header') throw new Error('no header')
    yield { kind: 'admitted', offset: 0 }
    const bytes = new Uint8Array(header.length)
    for (let filled = 0; filled < header.length; ) {
      const { value: part } = await Promise.race([iterator.next(), this.#died])
      if (part?.kind !== 'chunk') throw new Error('no chunk')
      bytes.set(part.data, part.offset)
      filled = part.offset + part.data.length
    }
    const counted = this.counts(header.round)
    if (counted === undefined) {
      this.refused.put(header.round)
      throw refusal
    }
    const { round, weight } = header
    const digest = toHex(sha256(bytes))
    this.received.put({ party: 'bank-a', round, digest, weight, bytes, counted })
    await Promise.race([this.acknowledge, this.#died])
    yield { kind: 'accepted', digest: header.digest, round: counted }
  }
}
