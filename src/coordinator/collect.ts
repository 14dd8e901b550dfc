/**
 * Takes the final model of a run from the aggregator into the store, part by part, and believes nothing of it: size and
 * digest must be those that the job spec and the last round gave it, and the bytes must have that digest.
 */
import { createHash } from 'node:crypto'
import { equalBytes, sha256, toHex } from '../crypto/index.ts'
import { readCanonicalSpec } from '../job/index.ts'
import { encodedColumns, planModel } from '../learning/index.ts'
import type { ModelVersion, Run } from '../round/index.ts'
import type { CollectedModel } from '../rpc/index.ts'
import type { Store } from '../store/index.ts'
import type { AggregatorLink } from './aggregator-link.ts'
import { CoordinatorError } from './errors.ts'
import { acceptedParties } from './runs.ts'
import { PROGRESS_MS } from '../timeouts/index.ts'

const PARAMETER_BYTES = 4

type Header = Extract<CollectedModel, { kind: 'header' }>

export async function collectModel(
  store: Store,
  link: AggregatorLink,
  run: Run,
  nowMs: number,
  signal: AbortSignal,
): Promise<ModelVersion> {
  const { modelId, header } = await written(store, link, run, signal)
  return {
    modelId,
    runId: run.runId,
    name: run.name,
    jobDigest: run.jobDigest,
    digest: header.digest,
    createdMs: nowMs,
    rounds: run.round,
    parameters: header.parameters,
    // Metrics of an older model are not those of this one.
    metrics: run.metricsModel === run.round ? run.metrics : {},
    specJson: run.specJson,
    standardisation: header.standardisation,
    parties: acceptedParties(run),
    tee: run.tee,
  }
}

/** However it ends, the stream from the aggregator has ended as well. */
async function written(store: Store, link: AggregatorLink, run: Run, signal: AbortSignal) {
  const { runId } = run
  const parts = unlessStalled((stalling) => link.api.collectModel({ runId }, link.stream(stalling)), runId, signal)
  try {
    const first = await parts.next()
    if (first.done || first.value.kind !== 'header') {
      throw new CoordinatorError('MODEL_SIZE_MISMATCH', `the model of run ${runId} came without its description`)
    }
    const header = first.value
    await checkHeader(store, run, header)
    const modelId = toHex(sha256(new TextEncoder().encode(runId), header.digest)).slice(0, 32)
    // Written before, in an attempt that was cut short between the last byte and the run's end: written again.
    await store.models.write(modelId, runId, verified(parts, header, runId))
    return { modelId, header }
  } finally {
    await parts.return(undefined)
  }
}

async function checkHeader(store: Store, run: Run, header: Header): Promise<void> {
  const { model, task, data } = readCanonicalSpec(run.specJson)
  const { size } = planModel(model, task, encodedColumns(data.features).length)
  if (header.parameters !== size) {
    const text = `the model of run ${run.runId} has ${header.parameters} parameters; its job spec makes ${size}`
    throw new CoordinatorError('MODEL_SIZE_MISMATCH', text)
  }
  const closed = await store.events.lastModelRound(run.runId)
  if (closed && equalBytes(closed.modelDigest, header.digest)) return
  const expected = closed ? `round ${closed.round} announced ${toHex(closed.modelDigest)}` : 'no round announced one'
  const text = `the model of run ${run.runId} is said to have digest ${toHex(header.digest)}; ${expected}`
  throw new CoordinatorError('MODEL_DIGEST_MISMATCH', text)
}

/** The bytes of the model, bounded by the announced size, or an error instead of the last of them. */
async function* verified(
  parts: AsyncIterable<CollectedModel>,
  header: Header,
  runId: string,
): AsyncGenerator<Uint8Array> {
  const expected = header.parameters * PARAMETER_BYTES
  const hash = createHash('sha256')
  let length = 0
  for await (const part of parts) {
    if (part.kind !== 'data') throw wrongSize(runId, 'a second description', expected)
    length += part.data.length
    if (length > expected) throw wrongSize(runId, 'more', expected)
    hash.update(part.data)
    yield part.data
  }
  if (length < expected) throw wrongSize(runId, `${length} bytes`, expected)
  if (!equalBytes(hash.digest(), header.digest)) {
    throw new CoordinatorError('MODEL_DIGEST_MISMATCH', `the bytes of run ${runId}'s model do not have its digest`)
  }
}

const wrongSize = (runId: string, found: string, expected: number) =>
  new CoordinatorError(
    'MODEL_SIZE_MISMATCH',
    `the model of run ${runId} came with ${found}; expected ${expected} bytes`,
  )

/** The clock runs only while a part is waited for: what the store takes for its writing is not the aggregator's time. */
async function* unlessStalled<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<T, undefined> {
  const leaving = new AbortController()
  const source = open(AbortSignal.any([signal, leaving.signal]))[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await unlessLate(() => source.next(), runId, leaving)
      if (next.done) return
      yield next.value
    }
  } finally {
    leaving.abort()
    await source.return?.()
  }
}

async function unlessLate<T>(take: () => Promise<T>, runId: string, leaving: AbortController): Promise<T> {
  const timer = setTimeout(() => leaving.abort(), PROGRESS_MS)
  try {
    return await take()
  } catch (error) {
    throw leaving.signal.aborted ? stall(runId, error) : error
  } finally {
    clearTimeout(timer)
  }
}

const stall = (runId: string, cause: unknown) =>
  new CoordinatorError('MODEL_STALLED', `no part of run ${runId}'s model came for ${PROGRESS_MS / 1_000} s`, { cause })
