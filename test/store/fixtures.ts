import { createHash } from 'node:crypto'
import type { ModelVersion, RunEventBody } from '../../src/round/index.ts'
import type { NewEvent, NewRun } from '../../src/store/index.ts'

export const digestOf = (text: string | Uint8Array) => new Uint8Array(createHash('sha256').update(text).digest())

export const runId = (n: number) => n.toString(16).padStart(32, '0')

export function newRun(n = 1, overrides: Partial<NewRun> = {}): NewRun {
  const specJson = new TextEncoder().encode(`{"name":"credit-${n}"}`)
  return {
    runId: runId(n),
    name: `credit-${n}`,
    specJson,
    jobDigest: digestOf(specJson),
    submittedBy: 'alice',
    createdMs: 1_700_000_000_000 + n,
    rounds: 3,
    parties: ['bank-b', 'bank-a', 'bank-c'],
    reason: 'waiting for bank-b, bank-a, bank-c',
    ...overrides,
  }
}

export const state = (to: Extract<RunEventBody, { kind: 'state-changed' }>['state'], reason = ''): NewEvent => ({
  atMs: 1_700_000_100_000,
  kind: 'state-changed',
  state: to,
  reason,
})

export const closed = (
  round: number,
  overrides: Partial<Extract<RunEventBody, { kind: 'round-closed' }>> = {},
): Extract<RunEventBody, { kind: 'round-closed' }> => ({
  kind: 'round-closed',
  round,
  task: 'train',
  contributors: ['bank-a', 'bank-b'],
  missing: ['bank-c'],
  metrics: { auc: 0.7 + round / 100, log_loss: 0.5 },
  trainingLoss: 0.4,
  modelDigest: digestOf(`model ${round}`),
  gatherMs: 120,
  sumMs: 3,
  stepMs: 1,
  receipt: new Uint8Array(),
  ...overrides,
})

export function modelVersion(data: Uint8Array, n = 1, overrides: Partial<ModelVersion> = {}): ModelVersion {
  const run = newRun(n)
  return {
    modelId: digestOf(`model of ${n}`)
      .subarray(0, 16)
      .reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), ''),
    runId: run.runId,
    name: run.name,
    jobDigest: run.jobDigest,
    digest: digestOf(data),
    createdMs: 1_700_000_200_000 + n,
    rounds: 3,
    parameters: data.length / 4,
    metrics: { auc: 0.75 },
    specJson: run.specJson,
    standardisation: { mean: [0.5, 0.25], deviation: [0.1, 0] },
    parties: ['bank-b', 'bank-a'],
    tee: 'simulated tdx-v4',
    ...overrides,
  }
}

export async function* chunks(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

export async function collected(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}
