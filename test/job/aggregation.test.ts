import { describe, expect, it } from 'vitest'
import { canonicalSpec, parseJobSpec, readCanonicalSpec } from '../../src/job/index.ts'
import { changed, listed, minimal, refusal } from './specs.ts'

/** Seven parties and a quorum of five; `rounds` and `keys` are added. */
function spec(keys: string, rounds = ''): string {
  const parties = changed('bank-c]', 'bank-c, bank-d, bank-e, bank-f, bank-g]')
  return `${changed('quorum: 2', `quorum: 5${rounds}`, parties)}${keys}\n`
}

const clip = 'clip: { kind: fixed, bound: 1 }'
const privacy = `privacy: { ${clip}, noiseMultiplier: 1, delta: 1.0e-5, budget: 3 }`
const scaffold = 'strategy: { kind: scaffold }\ntraining: { optimizer: sgd }'
const fedbuff = 'strategy: { kind: fedbuff, buffer: 5 }'
const alone = 'single updates must be seen, which only a trusted execution environment may do'
const paillier = "summation: found \"paillier\", expected one of 'tee', 'plain' ('paillier' is not built yet)"

describe('how updates become the next model', () => {
  it('has its defaults filled in', () => {
    expect(parseJobSpec(spec('strategy: { kind: scaffold }\ntraining: { optimizer: sgd }')).strategy).toEqual({
      kind: 'scaffold',
      learningRate: 1,
    })
    expect(parseJobSpec(spec(fedbuff)).strategy).toEqual({
      kind: 'fedbuff',
      buffer: 5,
      maximumStaleness: 10,
      learningRate: 1,
    })
    expect(parseJobSpec(spec('robust: { kind: centred-clipping, radius: 2 }')).robust).toEqual({
      kind: 'centred-clipping',
      radius: 2,
      iterations: 3,
    })
    expect(parseJobSpec(spec(privacy.replace(clip, 'clip: { kind: adaptive }'))).privacy).toEqual({
      clip: { kind: 'adaptive', initial: 0.1, quantile: 0.5, learningRate: 0.2 },
      noiseMultiplier: 1,
      delta: 1e-5,
      budget: 3,
      metrics: 'withheld',
    })
    expect(parseJobSpec(spec('')).privacy).toBeUndefined()
  })

  it.each<[string, string, string]>([
    ['a cohort and enough of it', ', cohort: 6, enough: 5, late: keep', ''],
    ['everything at the quorum', ', cohort: 5, enough: 5', ''],
    ['late updates under an adaptive strategy', ', late: keep', 'strategy: { kind: fedyogi }'],
    ['scaffold', ', enough: 6', scaffold],
    ['fedbuff with a cohort', ', cohort: 6', 'strategy: { kind: fedbuff, buffer: 6, maximumStaleness: 0 }'],
    ['fedbuff with privacy', '', `${fedbuff}\n${privacy}`],
    ['privacy with compression', '', `${privacy}\ncompression: { kind: top-k, share: 0.1 }`],
    ['krum with the least quorum', '', 'robust: { kind: krum, byzantine: 1 }'],
    ['multi-krum', '', 'robust: { kind: multi-krum, byzantine: 1, selected: 2 }'],
    ['a median of rounded updates', '', 'robust: { kind: median }\ncompression: { kind: int8 }'],
    ['a trimmed mean', '', 'robust: { kind: trimmed-mean, trim: 0.2 }'],
    ['a norm bound with late updates', ', late: keep', 'robust: { kind: norm-bound, bound: 5 }'],
  ])('%s is accepted and survives its canonical form', (_, rounds, keys) => {
    const parsed = parseJobSpec(spec(keys, rounds))
    expect(readCanonicalSpec(canonicalSpec(parsed))).toEqual(parsed)
  })

  const refused: [rounds: string, keys: string, problem: string][] = [
    // Who is asked and when a round closes.
    [', cohort: 8', '', 'rounds.cohort: found 8, expected at most 7, the number of parties'],
    [', cohort: 4', '', 'rounds.cohort: found 4, expected at least 5, the quorum'],
    [', enough: 4', '', 'rounds.enough: found 4, expected at least 5, the quorum'],
    [', enough: 8', '', 'rounds.enough: found 8, expected at most 7, the parties asked in a round'],
    [', cohort: 6, enough: 7', '', 'rounds.enough: found 7, expected at most 6, the parties asked in a round'],
    [', cohort: 6.5', '', 'rounds.cohort: found 6.5, expected a whole number from 2 to 1024'],
    [', late: kept', '', "rounds.late: found \"kept\", expected one of 'drop', 'keep'"],
    // SCAFFOLD.
    [
      '',
      'strategy: { kind: scaffold }',
      "training.optimizer: found nothing, expected 'sgd', written out, for strategy scaffold: its controls are gradients",
    ],
    [
      '',
      `${scaffold}\ncompression: { kind: int8 }`,
      'compression.kind: found "int8", expected \'none\' beside strategy scaffold, whose controls are exact means',
    ],
    [
      '',
      `${scaffold}\nrobust: { kind: median }`,
      'robust.kind: found "median", expected \'none\' beside strategy scaffold, whose controls are exact means',
    ],
    [
      '',
      `${scaffold}\n${privacy}`,
      'privacy: found a mapping, expected nothing beside strategy scaffold: no noise is proved to hide its controls',
    ],
    [
      ', late: keep',
      scaffold,
      'rounds.late: found "keep", expected \'drop\' beside strategy scaffold: the controls of a late update are outdated',
    ],
    // FedBuff.
    ['', 'strategy: { kind: fedbuff, buffer: 4 }', 'strategy.buffer: found 4, expected at least 5, the quorum'],
    [
      ', cohort: 6',
      'strategy: { kind: fedbuff, buffer: 7 }',
      'strategy.buffer: found 7, expected at most 6, the parties asked in a round',
    ],
    [
      ', enough: 6',
      fedbuff,
      'rounds.enough: found 6, expected nothing beside strategy fedbuff, whose buffer closes a round',
    ],
    [
      ', late: keep',
      fedbuff,
      'rounds.late: found "keep", expected \'drop\' beside strategy fedbuff, whose maximumStaleness says what counts',
    ],
    [
      '',
      `${fedbuff}\nrobust: { kind: median }`,
      'robust.kind: found "median", expected \'none\' beside strategy fedbuff: updates to different models do not compare',
    ],
    // Privacy.
    [
      '',
      `${privacy}\nrobust: { kind: norm-bound, bound: 1 }`,
      'robust.kind: found "norm-bound", expected \'none\' beside privacy: how much one party changes is proved for the mean alone',
    ],
    ['', privacy.replace('1.0e-5', '0.01'), 'privacy.delta: found 0.01, expected a number above 0 and up to 0.001'],
    [
      '',
      privacy.replace('noiseMultiplier: 1', 'noiseMultiplier: 0'),
      'privacy.noiseMultiplier: found 0, expected a number from 0.1 to 1000000',
    ],
    [
      '',
      privacy.replace('fixed', 'fixd'),
      "privacy.clip.kind: found \"fixd\", expected one of 'fixed', 'adaptive'; did you mean 'fixed'?",
    ],
    // Robust rules.
    [
      '',
      'robust: { kind: krum, byzantine: 2 }',
      'robust.byzantine: found 2, expected at most 1: krum needs a quorum of 2 * byzantine + 3',
    ],
    [
      '',
      'robust: { kind: multi-krum, byzantine: 1, selected: 3 }',
      'robust.selected: found 3, expected at most 2, the quorum less byzantine and 2',
    ],
    [
      '',
      'robust: { kind: multi-krum, byzantine: 1, selected: 1 }',
      'robust.selected: found 1, expected at least 2, the minimumParties of which a sum is released',
    ],
    [
      '',
      'robust: { kind: trimmed-mean, trim: 0.1 }',
      'robust.trim: found 0.1, expected at least 1/5: with the quorum of 5 nothing would be cut off',
    ],
    ['', 'robust: { kind: trimmed-mean, trim: 0.5 }', 'robust.trim: found 0.5, expected a number above 0 below 0.5'],
    [
      '',
      'robust: { kind: median }\ncompression: { kind: top-k, share: 0.1 }',
      "compression.kind: found \"top-k\", expected 'none' or 'int8' beside robust median: the middle of mostly zeros is zero",
    ],
  ]
  it.each(refused)('refuses rounds%s, %s', (rounds, keys, problem) => {
    const lines = listed(refusal(() => parseJobSpec(spec(keys, rounds))))
    expect(lines.map((line) => line.replace(/ \(line \d+, column \d+\)$/, ''))).toEqual([problem])
  })

  it('needs a quorum of five for the smallest krum', () => {
    const error = refusal(() => parseJobSpec(`${minimal}robust: { kind: krum, byzantine: 1 }\n`))
    expect(error.problems).toMatchObject([
      { expected: 'a quorum of at least 5: krum needs a quorum of 2 * byzantine + 3' },
    ])
  })

  it.each<[string, string, string]>([
    ['', scaffold, 'strategy scaffold'],
    ['', fedbuff, 'strategy fedbuff'],
    ['', 'robust: { kind: median }', 'robust median'],
    ['', 'compression: { kind: int8 }', 'compression int8'],
    ['', privacy, 'privacy'],
    [', late: keep', '', 'rounds.late keep'],
    [', late: keep', `${privacy}\ncompression: { kind: int8 }`, 'compression int8, privacy, rounds.late keep'],
  ])('refuses paillier with rounds%s, %s, and says why', (rounds, keys, wants) => {
    const lines = listed(refusal(() => parseJobSpec(spec(`${keys}\nsummation: paillier`, rounds))))
    const texts = lines.map((line) => line.replace(/ \(line \d+, column \d+\)$/, ''))
    expect(texts).toEqual([paillier, `summation: found "paillier", expected 'tee' for ${wants}: ${alone}`])
  })
})
