import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type JobSpec, judgeJob, parseJobSpec, parsePartyPolicy } from '../../src/job/index.ts'
import { robustKinds } from '../../src/job/aggregation.ts'
import { modelKinds } from '../../src/job/schema.ts'
import { encodedColumns, planModel } from '../../src/learning/index.ts'

const folder = new URL('../../parties/examples/', import.meta.url)
const example = (file: string) => readFileSync(new URL(file, folder))
const policy = parsePartyPolicy(example('policy.yaml'))
const specs = readdirSync(folder).filter((file) => file.endsWith('.yaml') && file !== 'policy.yaml')

describe('the examples', () => {
  const parsed = specs.map((file) => parseJobSpec(example(file)))
  const kinds = (of: (spec: JobSpec) => string | undefined) => new Set(parsed.map(of))

  it('have a spec for each kind of model and each way to make the next one', () => {
    expect(kinds(({ model }) => model.kind)).toEqual(new Set(modelKinds))
    expect(kinds(({ strategy }) => strategy.kind)).toEqual(
      new Set(['fedavg', 'fedprox', 'fedadam', 'fedyogi', 'scaffold', 'fedbuff']),
    )
    expect(kinds(({ compression }) => compression.kind)).toEqual(new Set(['none', 'int8', 'top-k']))
    expect(kinds(({ rounds }) => rounds.late)).toEqual(new Set(['drop', 'keep']))
    expect(kinds(({ privacy }) => privacy?.clip.kind)).toEqual(new Set([undefined, 'adaptive']))
  })

  it('have every robust rule in one file, each of which fits there', () => {
    const text = example('robust.yaml').toString('utf8')
    const rules = [...text.matchAll(/\{ kind: (?:norm-bound|centred|median|trimmed|krum|multi)[^}]*\}/g)].map(
      ([rule]) => rule,
    )
    const inPlace = /robust: \{[^}]*\}/
    const found = rules.map((rule) => parseJobSpec(text.replace(inPlace, `robust: ${rule}`)).robust.kind)
    expect(new Set([...found, 'none'])).toEqual(new Set(robustKinds))
  })

  it('have a private spec that a party takes which insists on privacy, and no other', () => {
    const text = example('policy.yaml').toString('utf8').replace('# maximumEpsilon', 'maximumEpsilon')
    const strict = parsePartyPolicy(text)
    expect(strict.maximumEpsilon).toBe(5)
    const taken = specs.filter((_, at) => judgeJob(parsed[at] as JobSpec, strict, 1000, 'bank-a').length === 0)
    expect(taken).toEqual(['private.yaml'])
  })

  it.each(specs)('%s is valid, can be built, and is accepted by the example policy', (file) => {
    const spec = parseJobSpec(example(file))
    expect(judgeJob(spec, policy, 1000, 'bank-a')).toEqual([])
    const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
    expect(plan.size).toBeGreaterThan(0)
  })
})
