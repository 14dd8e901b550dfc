import { describe, expect, test } from 'vitest'
import { CliError } from '../../src/cli/index.ts'
import { parseCommandLine } from '../../src/cli/parse.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { suggest } from '../../src/errors/index.ts'
import { coffer, jsonLine } from './support.ts'

const parse = (words: string) => parseCommandLine(words.split(' '), verbs)

function refusal(words: string): CliError {
  try {
    parse(words)
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error(`"${words}" was accepted`)
}

test('finds the verb, its options and arguments, wherever global options stand', () => {
  const parsed = parse('--home h run stop 3f9c --reason why --json')
  expect(parsed.verb?.name).toBe('run stop')
  expect(parsed.positionals).toEqual(['3f9c'])
  expect(parsed.options).toEqual({ coordinator: undefined, reason: 'why' })
  expect(parsed.globals).toMatchObject({ home: 'h', json: true, quiet: false })
})

test('reads repeated options, whole numbers and values after =', () => {
  const parsed = parse('init party bank-a --data loans=a.csv --data=cards=b.csv --days 7')
  expect(parsed.options).toMatchObject({ data: ['loans=a.csv', 'cards=b.csv'], days: 7, request: false })
})

test('an option takes a value in all verbs or in none, so that the words can be told apart before the verb is known', () => {
  const kinds = new Map<string, Set<boolean>>()
  for (const [name, { type }] of verbs.flatMap(({ options }) => Object.entries(options))) {
    kinds.set(name, (kinds.get(name) ?? new Set()).add(type === 'boolean'))
  }
  expect([...kinds].filter(([, values]) => values.size > 1)).toEqual([])
})

describe('what is unknown is refused with the word that was probably meant', () => {
  test.each([
    ['rnu list', 'CLI_VERB_UNKNOWN', "did you mean 'run'?"],
    ['run lsit', 'CLI_VERB_UNKNOWN', "did you mean 'run list'?"],
    ['coordinatr', 'CLI_VERB_UNKNOWN', "did you mean 'coordinator'?"],
    ['run', 'CLI_VERB_UNKNOWN', 'needs one of submit, list, show, watch, stop'],
    ['zzz', 'CLI_VERB_UNKNOWN', 'unknown verb "zzz"'],
    ['run list --limt 3', 'CLI_OPTION_UNKNOWN', "did you mean '--limit'?"],
    ['run list --jason', 'CLI_OPTION_UNKNOWN', "did you mean '--json'?"],
    ['run list -x', 'CLI_OPTION_UNKNOWN', 'no option -x'],
    ['run list --out d', 'CLI_OPTION_UNKNOWN', 'another verb has it'],
    ['run list --constructor', 'CLI_OPTION_UNKNOWN', 'no option --constructor'],
    ['run list --limit', 'CLI_ARGUMENT_INVALID', 'needs a value N, found nothing'],
    ['run list --limit --json', 'CLI_ARGUMENT_INVALID', 'found "--json"'],
    ['run list --limit 1.5', 'CLI_ARGUMENT_INVALID', 'expected a whole number'],
    ['run list --limit 1 --limit 2', 'CLI_ARGUMENT_INVALID', 'is given twice'],
    ['run list --json=yes', 'CLI_ARGUMENT_INVALID', 'takes no value'],
    ['run list extra', 'CLI_ARGUMENT_INVALID', 'takes no argument, found one more: "extra"'],
    ['run show', 'CLI_ARGUMENT_INVALID', 'needs RUN'],
    ['demo --model mpl', 'CLI_ARGUMENT_INVALID', "expected one of logistic, mlp; did you mean 'mlp'?"],
  ])('%s', (words, code, message) => {
    const error = refusal(words)
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(message)
  })
})

test('a suggestion needs resemblance', () => {
  expect(suggest('lsit', ['list', 'show'])).toBe('list')
  expect(suggest('coord', ['coordinator', 'aggregator'])).toBe('coordinator')
  expect(suggest('banana', ['list', 'show'])).toBeUndefined()
  expect(suggest('x'.repeat(100_000), ['list'])).toBeUndefined()
})

test('a refused command line ends with 2: code and next step on stderr, or one JSON line on stdout', async () => {
  const text = await coffer('run lsit')
  expect(text.code).toBe(2)
  expect(text.out).toBe('')
  expect(text.err).toMatch(/^error: .*\n {2}code: CLI_VERB_UNKNOWN\n {2}next: .+\n$/)
  const json = await coffer('run lsit --json')
  expect(json.code).toBe(2)
  expect(json.err).toBe('')
  expect(jsonLine(json.out)).toEqual({
    error: { code: 'CLI_VERB_UNKNOWN', message: expect.stringContaining('lsit'), next: expect.any(String) },
  })
})

test('no verb at all is refused, and no stack is shown without --verbose', async () => {
  expect(await coffer('')).toMatchObject({ code: 2, err: expect.stringContaining('no verb given') })
  expect((await coffer('zzz')).err).not.toContain(' at ')
  expect((await coffer('zzz --verbose')).err).toContain(' at ')
})
