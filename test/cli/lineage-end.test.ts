/** What `model verify` says of a run that ended before its last training round. */
import { expect, test } from 'vitest'
import { endOf } from '../../src/cli/lineage/end.ts'
import { parseJobSpec } from '../../src/job/index.ts'
import { readFileSync } from 'node:fs'

const example = (name: string) =>
  parseJobSpec(readFileSync(new URL(`../../parties/examples/${name}.yaml`, import.meta.url)))
const receipts = (last: number) => Array.from({ length: last + 1 }, (_, round) => ({ round }))

test('the budget of a private job says that there can be no more rounds', () => {
  const text =
    "the job has 30 training rounds, and these receipts end with round 22: one more would have passed the job's privacy budget, epsilon 4.4"
  expect(endOf(receipts(22), example('private'))).toEqual([{ check: 'receipts', outcome: 'verified', text, codes: [] }])
})

test('receipts that end before the budget, or of a job without one, may have been left out', () => {
  for (const [job, last] of [
    ['private', 21],
    ['logistic', 3],
  ] as const) {
    expect(endOf(receipts(last), example(job))).toMatchObject([{ check: 'receipts', outcome: 'not shown' }])
  }
})

test('of a run that played all its rounds there is nothing to say', () => {
  expect(endOf(receipts(30), example('private'))).toEqual([])
  expect(endOf(receipts(21), example('logistic'))).toEqual([])
  expect(endOf(undefined, example('logistic'))).toEqual([])
})
