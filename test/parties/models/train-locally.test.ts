import { expect, it } from 'vitest'
import { evaluateModel, trainLocally } from '../../../parties/models/index.ts'
import { createRandom } from '../../../src/crypto/index.ts'
import type { FeatureColumn, TaskSpec } from '../../../src/learning/index.ts'

const task: TaskSpec = { kind: 'binary-classification' }
const features: FeatureColumn[] = [
  { name: 'income', type: 'number', minimum: 0, maximum: 100_000, missing: 'indicator' },
  { name: 'owner', type: 'category', values: ['yes', 'no'], missing: 'refuse', other: 'refuse' },
]
const signal = new AbortController().signal

/** Low income makes bad; a tenth of the incomes is missing. */
function table(rows: number) {
  const random = createRandom('table')
  const labels = new Float32Array(rows)
  const raw = new Float32Array(rows * 4)
  for (let row = 0; row < rows; row += 1) {
    const income = 50_000 + 8_000 * Math.max(-3, Math.min(3, random.normal()))
    const missing = random.uniform() < 0.1
    const owner = random.below(2)
    labels[row] = income + 4_000 * owner < 48_000 ? 1 : 0
    raw.set([missing ? Number.NaN : income, missing ? 1 : 0, owner, 1 - owner], row * 4)
  }
  return { raw, labels, rows }
}

it('trains on one table alone and measures exactly', async () => {
  const data = table(600)
  const spec = {
    task,
    model: { kind: 'logistic' as const },
    data: { features },
    rounds: { count: 5 },
    training: { epochs: 3, batch: 64, learningRate: 0.05, optimizer: 'adam' as const, l2: 0 },
    seed: 7,
  }
  const shares: number[] = []
  const local = await trainLocally({
    spec,
    table: data,
    backend: 'wasm',
    signal,
    progress: (share) => shares.push(share),
  })
  expect(local.backend.name).toBe('wasm')
  expect(shares.at(-1)).toBe(1)
  const present = Array.from({ length: data.rows }, (_, row) => data.raw[4 * row] ?? 0).filter((x) => !Number.isNaN(x))
  const mean = present.reduce((sum, x) => sum + x, 0) / present.length
  expect(local.standardisation.mean[0]).toBeCloseTo(mean, 3)
  const { plan, parameters, standardisation } = local
  const metrics = await evaluateModel({ plan, task, parameters, standardisation, table: data, backend: 'wasm', signal })
  expect(metrics.auc).toBeGreaterThan(0.9)
  expect(metrics.ks).toBeGreaterThan(0.6)
  expect(metrics.log_loss).toBeLessThan(0.5)
}, 30_000)
