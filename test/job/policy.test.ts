import { describe, expect, it } from 'vitest'
import { judgeJob, type PolicyCode, parseJobSpec, parsePartyPolicy, policyReasons } from '../../src/job/index.ts'
import { changed, listed, minimal, refusal } from './specs.ts'

const text = `models: [logistic, mlp]
datasets:
  loans:
    columns: [customer, defaulted, age, purpose]
    minimumRows: 100
maximumRounds: 10
maximumEpochs: 2
`
const spec = parseJobSpec(minimal)
const judge = (policy: string, rows?: number, party?: string) => judgeJob(spec, parsePartyPolicy(policy), rows, party)

describe('a party policy', () => {
  it('has its defaults filled in', () => {
    expect(parsePartyPolicy(text)).toEqual({
      models: ['logistic', 'mlp'],
      tasks: ['binary-classification', 'multiclass-classification', 'regression'],
      datasets: { loans: { columns: ['customer', 'defaulted', 'age', 'purpose'], minimumRows: 100 } },
      maximumRounds: 10,
      maximumEpochs: 2,
      summations: ['tee'],
      minimumParties: 2,
      robust: ['none', 'norm-bound', 'centred-clipping', 'median', 'trimmed-mean', 'multi-krum'],
    })
  })

  it.each([
    [
      'maximumRounds: 10',
      'maximumRound: 10',
      [
        'maximumRounds: found nothing, expected a whole number from 1 to 10000 (line 1, column 1)',
        "maximumRound: found an unknown key, expected the keys models, tasks, datasets, maximumRounds, maximumEpochs, summations, minimumParties, robust, maximumEpsilon; did you mean 'maximumRounds'? (line 6, column 1)",
      ],
    ],
    [
      '  loans:',
      '  Loans:',
      [
        'datasets.Loans: found the key "Loans", expected a name: a lower-case letter, then at most 62 lower-case letters, digits or hyphens (line 3, column 3)',
      ],
    ],
    [
      'columns: [customer, defaulted, age, purpose]',
      'columns: all',
      [
        'datasets.loans.columns: found "all", expected a list of column names, or \'*\' for every column (line 4, column 5)',
      ],
    ],
    [
      'minimumRows: 100',
      'minimumRow: 100',
      [
        'datasets.loans.minimumRows: found nothing, expected a whole number from 1 to 9007199254740991 (line 3, column 3)',
        "datasets.loans.minimumRow: found an unknown key, expected the keys columns, minimumRows; did you mean 'minimumRows'? (line 5, column 5)",
      ],
    ],
    [
      '[logistic, mlp]',
      '[logistics]',
      [
        "models[0]: found \"logistics\", expected one of 'logistic', 'mlp', 'layers'; did you mean 'logistic'? (line 1, column 10)",
      ],
    ],
  ])('%s -> %s is refused', (piece, replacement, problems) => {
    const error = refusal(() => parsePartyPolicy(changed(piece, replacement, text)))
    expect(error.code).toBe('POLICY_INVALID')
    expect(listed(error)).toEqual(problems)
  })
})

describe('the judgement', () => {
  it('accepts what the policy allows', () => {
    expect(judge(text)).toEqual([])
    expect(judge(text, 100, 'bank-a')).toEqual([])
    expect(judge(changed('[customer, defaulted, age, purpose]', "'*'", text))).toEqual([])
  })

  const declined: [PolicyCode, string, string, string][] = [
    ['POLICY_MODEL', '[logistic, mlp]', '[mlp]', 'model.kind: found logistic, this party allows mlp'],
    [
      'POLICY_TASK',
      'datasets:',
      'tasks: [regression]\ndatasets:',
      'task.kind: found binary-classification, this party allows regression',
    ],
    [
      'POLICY_SUMMATION',
      'datasets:',
      'summations: [plain]\ndatasets:',
      'summation: found tee, this party allows plain',
    ],
    ['POLICY_DATASET', 'loans:', 'cards:', 'data.dataset: found loans, this party allows cards'],
    [
      'POLICY_COLUMN',
      'customer, ',
      '',
      "data.id: found column 'customer', this party allows only the columns its policy lists",
    ],
    [
      'POLICY_COLUMN',
      'defaulted, ',
      '',
      "data.label: found column 'defaulted', this party allows only the columns its policy lists",
    ],
    [
      'POLICY_COLUMN',
      ', purpose',
      '',
      "data.features[1]: found column 'purpose', this party allows only the columns its policy lists",
    ],
    [
      'POLICY_ROWS',
      'minimumRows: 100',
      'minimumRows: 101',
      'data set loans: found 100 rows, this party allows jobs from 101 rows on',
    ],
    ['POLICY_ROUNDS', 'maximumRounds: 10', 'maximumRounds: 2', 'rounds.count: found 3, this party allows at most 2'],
    ['POLICY_EPOCHS', 'models:', 'models:', 'training.epochs: found 5, this party allows at most 2'],
    [
      'POLICY_ROBUST',
      'datasets:',
      'robust: [median, krum]\ndatasets:',
      'robust.kind: found none, this party allows median, krum',
    ],
    [
      'POLICY_PRIVACY',
      'datasets:',
      'maximumEpsilon: 3\ndatasets:',
      'privacy: found nothing, this party allows a budget of at most 3',
    ],
    [
      'POLICY_MINIMUM_PARTIES',
      'datasets:',
      'minimumParties: 3\ndatasets:',
      'rounds.minimumParties: found 2, this party allows at least 3',
    ],
  ]
  it.each(declined)('%s: %s -> %s', (code, piece, replacement, reason) => {
    const policy = parsePartyPolicy(changed(piece, replacement, text))
    const job = code === 'POLICY_EPOCHS' ? parseJobSpec(`${minimal}training: { epochs: 5 }\n`) : spec
    expect(judgeJob(job, policy, 100)).toEqual([{ code, text: reason }])
  })

  it('POLICY_PARTY_NOT_NAMED', () => {
    expect(judge(text, undefined, 'bank-z')).toEqual([
      { code: 'POLICY_PARTY_NOT_NAMED', text: "parties: found no 'bank-z', this party allows only jobs that name it" },
    ])
  })

  it('gives every reason at once, and every code is one that can happen', () => {
    const strict = `models: [layers]
tasks: [regression]
datasets: { loans: { columns: [x], minimumRows: 1000 } }
maximumRounds: 1
maximumEpochs: 1
summations: [plain]
minimumParties: 3
robust: [median]
maximumEpsilon: 1
`
    const job = parseJobSpec(`${minimal}training: { epochs: 5 }\n`)
    const reasons = judgeJob(job, parsePartyPolicy(strict), 5, 'bank-z').map(({ code }) => code)
    expect(reasons.filter((code) => code === 'POLICY_COLUMN')).toHaveLength(4)
    const all = new Set([...reasons, 'POLICY_DATASET'])
    expect([...all].sort()).toEqual(Object.keys(policyReasons).sort())
  })

  it('weighs the privacy of a job', () => {
    const policy = parsePartyPolicy(`${text}maximumEpsilon: 3\n`)
    const reasons = (keys: string) => {
      const clip = 'clip: { kind: fixed, bound: 1 }, noiseMultiplier: 1'
      return judgeJob(parseJobSpec(`${minimal}privacy: { ${clip}, delta: 1.0e-5, ${keys} }\n`), policy)
    }
    expect(reasons('budget: 3')).toEqual([])
    expect(reasons('budget: 3.5, metrics: exact')).toEqual([
      { code: 'POLICY_PRIVACY', text: 'privacy.budget: found 3.5, this party allows at most 3' },
      { code: 'POLICY_PRIVACY', text: 'privacy.metrics: found exact, this party allows withheld' },
    ])
  })

  it('lets no update be shown alone unless the party says so', () => {
    const five = changed('bank-c]', 'bank-c, bank-d, bank-e]', changed('quorum: 2', 'quorum: 5'))
    const job = parseJobSpec(`${five}robust: { kind: krum, byzantine: 1 }\n`)
    expect(judgeJob(job, parsePartyPolicy(text)).map(({ code }) => code)).toEqual(['POLICY_ROBUST'])
    expect(judgeJob(job, parsePartyPolicy(`${text}robust: [krum]\n`))).toEqual([])
  })

  it('knows no rows, and says nothing about them', () => {
    expect(judge(changed('minimumRows: 100', 'minimumRows: 1000000', text))).toEqual([])
  })

  it('does not take the names of object members for data sets', () => {
    const job = parseJobSpec(changed('dataset: loans', 'dataset: constructor'))
    expect(judgeJob(job, parsePartyPolicy(text)).map(({ code }) => code)).toEqual(['POLICY_DATASET'])
    const none = parsePartyPolicy(text.replace(/datasets:.*minimumRows: 100/s, 'datasets: {}'))
    expect(judgeJob(spec, none)[0]?.text).toBe('data.dataset: found loans, this party allows no data set')
  })

  it('stays short for a job with thousands of foreign columns', () => {
    const features = Array.from(
      { length: 1000 },
      (_, index) => `    - { name: ${'x'.repeat(100)}${index}, type: number, minimum: 0, maximum: 1 }\n`,
    )
    const job = parseJobSpec(changed('    - { name: age,', `${features.join('')}    - { name: age,`))
    const reasons = judgeJob(job, parsePartyPolicy(text))
    expect(reasons).toHaveLength(11)
    expect(reasons.at(-1)?.text).toBe(
      'data.features: found 990 more columns, this party allows only the columns its policy lists',
    )
    for (const reason of reasons) expect(`${reason.code}: ${reason.text}`.length).toBeLessThanOrEqual(500)
  })
})
