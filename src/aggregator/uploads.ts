/**
 * Updates on their way in, of all runs: admitted in turn, staged in shared memory, checked chunk by chunk and as a whole,
 * and delivered to the round. A party that loses its connection goes on where it stood.
 *
 *   waiting for a place ──> admitted ──> whole ──> delivered
 *          │                 │   ^          └──> refused: other bytes than announced, or an update that cannot be true
 *          │        set aside v   │ the same party with the same digest, from the offset that is held
 *          │             waiting for its party
 *          └── ended: by the party, by a newer upload of it, by the round's close, or by another that needs the place
 *
 * Nothing is allocated before the header has been judged, and a party has one upload in a run at a time.
 */
import { setMaxListeners } from 'node:events'
import { toHex } from '../crypto/index.ts'
import type { ServerCall, UploadStatus } from '../rpc/index.ts'
import { Buffers } from './buffers.ts'
import { AggregatorError } from './errors.ts'
import { PROGRESS_MS } from '../timeouts/index.ts'
import { type IncomingUpload, PROGRESS_BYTES } from './incoming.ts'
import { type Budget, type Place, Places } from './places.ts'
import { Staging, type UploadHeader } from './staging.ts'
import { Statuses } from './statuses.ts'
import { Turns } from './turns.ts'

/**
 * A few at once fill any line, and what more would take in memory is lost to the sum: 8 so that some slow parties do not
 * hold up the others, 256 MiB so that 8 of 10^7 parameters do not become a third of a GiB. A larger one goes alone.
 */
const BUDGET: Budget = { bytes: 256 * 1024 * 1024, uploads: 8 }
/** An upload that fits the windows every connection has is not worth the frames that widen them. */
const SMALL_BYTES = 64 * 1024
/** An offset is told after so many bytes, and no sooner than this after the one before. */
const STATUS_BYTES = 1024 * 1024
const STATUS_MS = 100
/** Of all uploads: checking and copying half a MiB takes about 1 ms. */
const CHUNKS_A_TURN = 3

export interface Reception {
  readonly runId: string
  readonly party: string
  readonly header: UploadHeader
  /** Bytes of an update of this round. */
  readonly expectedBytes: number
  /** Aborts, with what the party is told, when the update can no longer count. */
  readonly closed: AbortSignal
  readonly widen: ServerCall['widen']
}

/** Resolves when the update is in a sum; then nobody may look at the bytes any more, the next update is written there. */
export type Deliver = (body: Uint8Array<SharedArrayBuffer>) => Promise<{ readonly round: number }>

interface Held {
  readonly staging: Staging
  readonly place: Place
}

interface Upload {
  readonly key: string
  readonly identity: string
  /** Aborts when it is let go. */
  readonly over: AbortController
  /** Who brings it now. */
  incoming: IncomingUpload | undefined
  held: Held | undefined
  delivery: ReturnType<Deliver> | undefined
  /** Set aside for so long that another may have its place. */
  stale: boolean
  aside: NodeJS.Timeout | undefined
  /** Bytes since the progress deadline began, and when that was. */
  progress: { bytes: number; readonly at: number }
}

export class Uploads {
  readonly #places: Places
  readonly #buffers: Buffers
  readonly #uploads = new Map<string, Upload>()
  readonly #turns = new Turns(CHUNKS_A_TURN)

  constructor(budget: Budget = BUDGET) {
    this.#places = new Places(budget, () => this.#reclaim())
    this.#buffers = new Buffers(budget.bytes)
  }

  /**
   * @param incoming whose header has been read
   * @throws AggregatorError AGGREGATION_UPLOAD_*; what `closed` aborts with; what `deliver` rejects with
   */
  async *receive(incoming: IncomingUpload, reception: Reception, deliver: Deliver): AsyncGenerator<UploadStatus> {
    const { header, expectedBytes, closed } = reception
    if (header.length !== expectedBytes) {
      const text = `the header announces ${header.length} bytes, an update of this round has ${expectedBytes}`
      throw new AggregatorError('AGGREGATION_UPLOAD_LENGTH', text)
    }
    closed.throwIfAborted()
    // Every upload of a round listens to it: a thousand parties are no leak.
    setMaxListeners(0, closed)
    const upload = this.#begin(incoming, reception)
    // One that is being delivered is told by the round itself whether it counts: its own delivery may have closed it.
    const close = () => {
      if (!upload.delivery) incoming.end(closed.reason)
    }
    closed.addEventListener('abort', close, { once: true, signal: incoming.ended })
    const statuses = new Statuses()
    // Not in step with what is said of it: a sender that does not listen keeps a stream waiting, not a place.
    const bringing = this.#bring(upload, incoming, reception, deliver, statuses).then(
      () => statuses.end(),
      (error: unknown) => statuses.fail(error),
    )
    try {
      yield* statuses
    } finally {
      incoming.end()
      await bringing
    }
  }

  /** Lets go of memory that was kept for the next update: to be called when no run is active. */
  rest(): void {
    this.#buffers.clear()
  }

  /** The upload that this header goes on with, or a new one. Whoever brought it before is told that he is replaced. */
  #begin(incoming: IncomingUpload, { runId, party, header, closed }: Reception): Upload {
    const key = `${runId}/${party}`
    const identity = `${header.round}/${toHex(header.digest)}`
    const known = this.#uploads.get(key)
    known?.incoming?.end(
      new AggregatorError('AGGREGATION_UPLOAD_REPLACED', `party ${party} began a newer upload of run ${runId}`),
    )
    if (known?.identity === identity) {
      clearTimeout(known.aside)
      known.incoming = incoming
      return known
    }
    if (known) this.#letGo(known)
    const over = new AbortController()
    const progress = { bytes: 0, at: performance.now() }
    const nothing = { held: undefined, delivery: undefined, stale: false, aside: undefined, progress }
    const upload: Upload = { key, identity, over, incoming, ...nothing }
    this.#uploads.set(key, upload)
    closed.addEventListener('abort', () => this.#letGo(upload), { once: true, signal: over.signal })
    return upload
  }

  async #bring(
    upload: Upload,
    incoming: IncomingUpload,
    { header, widen }: Reception,
    deliver: Deliver,
    statuses: Statuses,
  ): Promise<void> {
    try {
      const { staging } = upload.held ?? (await this.#hold(upload, header, incoming.ended))
      upload.stale = false
      statuses.say({ kind: 'admitted', offset: staging.offset })
      if (!staging.whole) await gather(upload, staging, incoming, { widen, statuses, turns: this.#turns })
      // In a later turn, so that whatever it does finds the upload being delivered.
      upload.delivery ??= Promise.resolve().then(() => this.#deliver(upload, staging, deliver))
      const { round } = await upload.delivery
      statuses.say({ kind: 'accepted', digest: header.digest, round })
    } catch (error) {
      if (upload.incoming === incoming) this.#setAside(upload, error)
      throw error
    }
  }

  async #hold(upload: Upload, { length, digest }: UploadHeader, ended: AbortSignal): Promise<Held> {
    const place = await this.#places.take(length, ended)
    try {
      ended.throwIfAborted()
      const held = { staging: new Staging(this.#buffers.take(length), digest), place }
      upload.held = held
      upload.progress = { bytes: 0, at: performance.now() }
      return held
    } catch (error) {
      place.free()
      throw error
    }
  }

  /** Goes on when the party leaves: the update is here, and counts. */
  async #deliver(upload: Upload, staging: Staging, deliver: Deliver): ReturnType<Deliver> {
    try {
      staging.verify()
      return await deliver(staging.body)
    } finally {
      upload.delivery = undefined
      this.#letGo(upload)
    }
  }

  /** Keeps what has come for the party to go on with, unless going on would only come to the same. */
  #setAside(upload: Upload, error: unknown): void {
    upload.incoming = undefined
    const code = error instanceof AggregatorError ? error.code : undefined
    const spoilt = code === 'AGGREGATION_UPLOAD_LENGTH' || code === 'AGGREGATION_UPLOAD_FORM'
    if (spoilt || !upload.held || upload.over.signal.aborted) {
      this.#letGo(upload)
      return
    }
    const lapse = () => {
      upload.stale = true
      this.#places.admit()
    }
    if (code === 'AGGREGATION_UPLOAD_SLOW') lapse()
    else upload.aside = setTimeout(lapse, leftOf(upload))
  }

  /** An update that is being delivered is let go when that is done. */
  #letGo(upload: Upload): void {
    if (this.#uploads.get(upload.key) === upload) this.#uploads.delete(upload.key)
    if (upload.delivery) return
    clearTimeout(upload.aside)
    upload.over.abort()
    const { held } = upload
    upload.held = undefined
    if (!held) return
    this.#buffers.give(held.staging.body)
    held.place.free()
  }

  #reclaim(): boolean {
    for (const upload of this.#uploads.values()) {
      if (!upload.stale) continue
      this.#letGo(upload)
      return true
    }
    return false
  }
}

/** What is left of the progress deadline: coming again does not begin it anew. */
const leftOf = ({ progress }: Upload): number => Math.max(0, progress.at + PROGRESS_MS - performance.now())

/** Takes chunks until the update is whole, with wide windows for as long as that lasts. */
async function gather(
  upload: Upload,
  staging: Staging,
  incoming: IncomingUpload,
  { widen, statuses, turns }: Pick<ServerCall, 'widen'> & { readonly statuses: Statuses; readonly turns: Turns },
): Promise<void> {
  const narrow = staging.body.length - staging.offset > SMALL_BYTES ? widen() : undefined
  let told = { offset: staging.offset, at: performance.now() }
  incoming.startClock(leftOf(upload))
  try {
    while (!staging.whole) {
      const chunk = await incoming.chunk()
      await turns.next()
      incoming.ended.throwIfAborted()
      if (!chunk) {
        const text = `the upload ended after ${staging.offset} of ${staging.body.length} bytes`
        // Not the party's fault: cancelling a call looks like this too.
        throw new AggregatorError('AGGREGATION_UPLOAD_CUT', text)
      }
      upload.progress.bytes += staging.add(chunk)
      if (upload.progress.bytes >= PROGRESS_BYTES) {
        upload.progress = { bytes: 0, at: performance.now() }
        incoming.startClock()
      }
      const { offset } = staging
      const at = performance.now()
      if (offset - told.offset < STATUS_BYTES || at - told.at < STATUS_MS || staging.whole) continue
      statuses.say({ kind: 'progress', offset })
      told = { offset, at }
    }
  } finally {
    incoming.stopClock()
    narrow?.()
  }
}
