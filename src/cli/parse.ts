/**
 * From words to a verb with its options and positional arguments. Nothing is guessed: what is unknown is refused, with
 * the word that was probably meant.
 */
import { parseArgs } from 'node:util'
import { CliError } from './errors.ts'
import { suggest } from '../errors/index.ts'
import type { AnyValue, OptionSpec, OptionSpecs, Verb } from './verb.ts'

export const globalOptions = {
  home: { type: 'string', value: 'DIR', default: 'COFFER_HOME, else ./.coffer', description: 'The home directory.' },
  json: { type: 'boolean', description: 'One JSON object on one line on stdout, and nothing else there.' },
  verbose: { type: 'boolean', description: 'More in logs; the stack of an unexpected error.' },
  quiet: { type: 'boolean', description: 'No remarks; in logs only warnings and errors.' },
  help: { type: 'boolean', description: 'Help, for all or for one verb.' },
  version: { type: 'boolean', description: 'The version of coffer.' },
} as const satisfies OptionSpecs

export type Globals = Readonly<Record<keyof typeof globalOptions, AnyValue>>

export interface Parsed {
  /** Undefined where only help or version is asked for. */
  readonly verb: Verb | undefined
  /** The words of a group without its second word, such as `run`, where help is asked for. */
  readonly group: string
  readonly options: Readonly<Record<string, AnyValue>>
  readonly globals: Globals
  readonly positionals: readonly string[]
}

const didYouMean = (word: string | undefined, dashes = ''): string =>
  word === undefined ? '' : `; did you mean '${dashes}${word}'?`

/** Whether an option takes a value is the same in all verbs (a test says so), so the words can be told apart first. */
export function parseCommandLine(argv: readonly string[], verbs: readonly Verb[]): Parsed {
  const everything: Record<string, OptionSpec> = Object.assign({}, ...verbs.map((each) => each.options), globalOptions)
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(
        Object.entries(everything).map(([name, { type }]) => [
          name,
          { type: type === 'boolean' ? type : 'string' } as const,
        ]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const given = tokens.filter((token) => token.kind === 'option')
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const asksHelp = words[0] === 'help' || given.some(({ name }) => name === 'help' || name === 'version')
  const { verb, group, rest } = findVerb(words[0] === 'help' ? words.slice(1) : words, verbs, asksHelp)

  const known: OptionSpecs = { ...globalOptions, ...(verb?.options ?? (asksHelp ? everything : {})) }
  const values = new Map<string, AnyValue>()
  for (const token of given) {
    const { name } = token
    const spec = Object.hasOwn(known, name) ? known[name] : undefined
    if (spec === undefined) throw unknownOption(token.rawName, verb, known, everything)
    values.set(name, optionValue(token.rawName, spec, token.value, token.inlineValue === true, values.get(name)))
  }
  if (words[0] === 'help') values.set('help', true)
  if (verb !== undefined && !asksHelp) checkPositionals(verb, rest)
  const read = (specs: OptionSpecs) =>
    Object.fromEntries(Object.entries(specs).map(([name, { type }]) => [name, values.get(name) ?? emptyValue(type)]))
  const g = read(globalOptions)
  return {
    verb,
    group,
    options: read(verb?.options ?? {}),
    globals: { home: g.home, json: g.json, verbose: g.verbose, quiet: g.quiet, help: g.help, version: g.version },
    positionals: rest,
  }
}

const emptyValue = (type: OptionSpec['type']): AnyValue =>
  type === 'boolean' ? false : type === 'strings' ? [] : undefined

function findVerb(words: readonly string[], verbs: readonly Verb[], asksHelp: boolean) {
  const beginning = (length: number) => words.slice(0, length).join(' ')
  for (const length of [3, 2, 1]) {
    const verb = verbs.find(({ name }) => name === beginning(length) && name.split(' ').length === length)
    if (verb !== undefined) return { verb, group: '', rest: words.slice(length) }
  }
  const below = (length: number) => verbs.filter(({ name }) => name.startsWith(`${beginning(length)} `))
  const depth = [2, 1].find((length) => words.length >= length && below(length).length > 0) ?? 0
  const [group, next = ''] = [beginning(depth), words[depth]]
  if (asksHelp && next === '') return { verb: undefined, group, rest: [] }
  if (next === '' && depth === 0) throw new CliError('CLI_VERB_UNKNOWN', 'no verb given')
  if (depth > 0) {
    const names = [...new Set(below(depth).map(({ name }) => name.split(' ')[depth] ?? ''))]
    const found = next === '' ? 'nothing' : `"${next}"`
    const meant = didYouMean(suggest(next, names), `${group} `)
    throw new CliError(
      'CLI_VERB_UNKNOWN',
      `"${group}" needs one of ${names.join(', ')} after it, found ${found}${meant}`,
    )
  }
  const names = [...new Set(verbs.flatMap(({ name }) => [name, name.split(' ')[0] ?? name]))]
  throw new CliError('CLI_VERB_UNKNOWN', `unknown verb "${next}"${didYouMean(suggest(next, names))}`)
}

function unknownOption(raw: string, verb: Verb | undefined, known: OptionSpecs, everything: OptionSpecs): CliError {
  const word = raw.replace(/^-+/, '')
  const where = verb === undefined ? 'coffer' : `coffer ${verb.name}`
  const meant = suggest(word, Object.keys(known))
  const elsewhere = meant === undefined && Object.hasOwn(everything, word) ? ' (another verb has it)' : ''
  return new CliError('CLI_OPTION_UNKNOWN', `${where} has no option ${raw}${elsewhere}${didYouMean(meant, '--')}`)
}

function optionValue(
  raw: string,
  spec: OptionSpec,
  text: string | undefined,
  inline: boolean,
  before: AnyValue,
): AnyValue {
  const refuse = (message: string) => new CliError('CLI_ARGUMENT_INVALID', `${raw} ${message}`)
  if (spec.type === 'boolean') {
    if (text !== undefined) throw refuse(`takes no value, found "${text}"`)
    return true
  }
  if (text === undefined || text === '' || (!inline && text.startsWith('--'))) {
    const found = text === undefined ? 'nothing' : `"${text}"`
    throw refuse(`needs a value ${spec.value ?? spec.choices?.join('|') ?? ''}, found ${found}`.replace(/ ,/, ','))
  }
  if (spec.type === 'strings') return [...(Array.isArray(before) ? before : []), text]
  if (before !== undefined) throw refuse('is given twice')
  if (spec.choices !== undefined && !spec.choices.includes(text)) {
    throw refuse(`is "${text}", expected one of ${spec.choices.join(', ')}${didYouMean(suggest(text, spec.choices))}`)
  }
  if (spec.type === 'string') return text
  const number = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) throw refuse(`is "${text}", expected a whole number`)
  return number
}

function checkPositionals(verb: Verb, rest: readonly string[]): void {
  const missing = verb.positionals[rest.length]
  if (missing !== undefined) {
    throw new CliError('CLI_ARGUMENT_INVALID', `coffer ${verb.name} needs ${missing.name}: ${missing.description}`)
  }
  const count = verb.positionals.length
  const extra = rest[count]
  if (extra === undefined || verb.positionals.at(-1)?.many === true) return
  const takes = count === 0 ? 'no argument' : count === 1 ? 'one argument' : `${count} arguments`
  throw new CliError('CLI_ARGUMENT_INVALID', `coffer ${verb.name} takes ${takes}, found one more: "${extra}"`)
}
