import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judgeJob, parseJobSpec, parsePartyPolicy } from '../../src/job/index.ts'
import { encodedColumns, planModel } from '../../src/learning/index.ts'

const folder = new URL('../../parties/examples/', import.meta.url)
const example = (file: string) => readFileSync(new URL(file, folder))
const policy = parsePartyPolicy(example('policy.yaml'))
const specs = readdirSync(folder).filter((file) => file.endsWith('.yaml') && file !== 'policy.yaml')

describe('the examples', () => {
  it('have one spec for each kind of model', () => {
    expect(specs.map((file) => parseJobSpec(example(file)).model.kind).sort()).toEqual(['layers', 'logistic', 'mlp'])
  })

  it.each(specs)('%s is valid, can be built, and is accepted by the example policy', (file) => {
    const spec = parseJobSpec(example(file))
    expect(judgeJob(spec, policy, 1000, 'bank-a')).toEqual([])
    const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
    expect(plan.size).toBeGreaterThan(0)
  })
})
