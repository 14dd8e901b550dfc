/** Small datasets that a linear model can learn, one file per party, deterministic. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/crypto/index.ts'
import { type JobSpec, parseJobSpec } from '../../src/job/index.ts'

/** Rows `id,income,age,region,default`: the default rate falls with income. */
export function loansCsv(party: string, rows: number): string {
  const random = createRandom(`loans of ${party}`)
  const lines = Array.from({ length: rows }, (_, i) => {
    const income = random.uniform()
    const age = 20 + random.below(60)
    const region = random.below(2) === 0 ? 'north' : 'south'
    const risk = 1 / (1 + Math.exp(6 * income - 2 + (region === 'north' ? 0.5 : 0)))
    return `${party}-${i},${income.toFixed(4)},${age},${region},${random.uniform() < risk ? 1 : 0}`
  })
  return ['id,income,age,region,default', ...lines, ''].join('\n')
}

/** Writes a file per party into a new directory. */
export function writeLoans(parties: readonly string[], rows = 400): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  return Object.fromEntries(
    parties.map((party) => {
      const file = join(directory, `${party}.csv`)
      writeFileSync(file, loansCsv(party, rows))
      return [party, file]
    }),
  )
}

export function loansSpec(parties: readonly string[], changes: object = {}): JobSpec {
  return parseJobSpec(
    JSON.stringify({
      version: 1,
      name: 'loans',
      task: { kind: 'binary-classification' },
      model: { kind: 'logistic' },
      data: {
        dataset: 'loans',
        id: 'id',
        label: 'default',
        features: [
          { name: 'income', type: 'number', minimum: 0, maximum: 1 },
          { name: 'age', type: 'number', minimum: 18, maximum: 100 },
          { name: 'region', type: 'category', values: ['north', 'south'] },
        ],
      },
      parties,
      rounds: { count: 3, quorum: 2, minimumParties: 2, deadlineSeconds: 30 },
      training: { epochs: 2, batch: 32, learningRate: 0.05, optimizer: 'adam' },
      strategy: { kind: 'fedavg' },
      summation: 'tee',
      seed: 5,
      ...changes,
    }),
  )
}
