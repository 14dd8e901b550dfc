/** Help for people and the reference for docs/cli.md, both from the table of verbs. */
import { exits } from './exit.ts'
import { globalOptions } from './parse.ts'
import type { OptionSpec, OptionSpecs, Verb } from './verb.ts'
import { verbs } from './verbs.ts'

const WIDTH = 80

export const aliases =
  'Words of other systems: guest or active side = label party; host or passive side = feature party; ' +
  'client or site = party; server = coordinator; iteration = round.'

/** Lines of at most `width` characters, broken at spaces, the later ones indented. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent + word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

const valueOf = ({ value, choices }: OptionSpec): string => value ?? choices?.join('|') ?? ''
const left = (name: string, spec: OptionSpec): string =>
  `--${name}${spec.type === 'boolean' ? '' : ` ${valueOf(spec)}`}`
const right = (spec: OptionSpec): string =>
  spec.description + (spec.default === undefined ? '' : ` Default: ${spec.default}.`)

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const widest = Math.max(...rows.map(([first]) => first.length))
  const at = Math.min(widest, 28) + 4
  return rows.flatMap(([first, second]) => {
    const [head = '', ...tail] = wrap(second, WIDTH - at)
    const own = first.length + 4 > at ? [`  ${first}`, ' '.repeat(at) + head] : [`  ${first}`.padEnd(at) + head]
    return [...own, ...tail.map((line) => ' '.repeat(at) + line)]
  })
}

const optionRows = (specs: OptionSpecs): (readonly [string, string])[] =>
  Object.entries(specs).map(([name, spec]) => [left(name, spec), right(spec)] as const)

export function usage(verb: Verb): string {
  const options = Object.keys(verb.options).length > 0 ? ' [OPTIONS]' : ''
  return `coffer ${verb.name}${verb.positionals.map(({ name }) => ` ${name}`).join('')}${options}`
}

/** `coffer --help`, or one group such as `coffer run --help`. */
export function overview(group = ''): string {
  const shown = verbs.filter(({ name }) => group === '' || name.startsWith(`${group} `))
  return [
    'Coffer: federated learning between organisations whose data stays where it is.',
    '',
    `Usage: coffer ${group === '' ? 'VERB' : `${group} VERB`} [OPTIONS]`,
    '',
    ...columns(
      shown.map(({ name, positionals, summary }) => [
        [name, ...positionals.map((each) => each.name)].join(' '),
        summary,
      ]),
    ),
    '',
    'For every verb:',
    ...columns(optionRows(globalOptions)),
    '',
    ...columns(Object.values(exits).map(({ code, meaning }) => [`exit ${code}`, meaning])),
    '',
    ...wrap(aliases, WIDTH),
    '',
  ].join('\n')
}

/** `coffer VERB --help`. */
export function verbHelp(verb: Verb): string {
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ['', title, ...lines])
  const rows = verb.positionals.map(({ name, description }) => [name, description] as const)
  return [
    ...wrap(`${verb.summary}.`, WIDTH),
    ...(verb.description === undefined ? [] : ['', ...wrap(verb.description, WIDTH)]),
    '',
    `Usage: ${usage(verb)}`,
    ...section('Arguments:', rows.length === 0 ? [] : columns(rows)),
    ...section('Options:', Object.keys(verb.options).length === 0 ? [] : columns(optionRows(verb.options))),
    ...section('For every verb:', columns(optionRows(globalOptions))),
    ...section(
      'Examples:',
      verb.examples.map((example) => `  ${example}`),
    ),
    '',
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(row.map(cell))), '']
}

const optionTable = (specs: OptionSpecs): string[] =>
  markdownTable(
    ['option', 'default', 'meaning'],
    Object.entries(specs).map(([name, spec]) => [`\`${left(name, spec)}\``, spec.default ?? '', spec.description]),
  )

/** docs/cli.md, Markdown. */
export function cliReference(): string {
  return [
    '# Command line',
    '',
    'Generated from the table of verbs in src/cli/verbs.ts.',
    '',
    `${aliases}`,
    '',
    'With `--json`, stdout carries one JSON object on one line and nothing else; everything for people goes to stderr.',
    'A failure is then the line `{"error":{"code":"…","message":"…","next":"…"}}` on stdout with the exit code below',
    '(on stderr where the result was already printed). Without `--json`, stderr says what happened, the code, and the next step.',
    '',
    '## Exit codes',
    '',
    ...markdownTable(
      ['code', 'meaning'],
      Object.values(exits).map(({ code, meaning }) => [String(code), meaning]),
    ),
    '## For every verb',
    '',
    ...optionTable(globalOptions),
    ...verbs.flatMap((verb) => [
      `## ${verb.name}`,
      '',
      `${verb.summary}.${verb.description === undefined ? '' : ` ${verb.description}`}`,
      '',
      '```',
      usage(verb),
      '```',
      '',
      ...(verb.positionals.length === 0
        ? []
        : markdownTable(
            ['argument', 'meaning'],
            verb.positionals.map(({ name, description }) => [`\`${name}\``, description]),
          )),
      ...(Object.keys(verb.options).length === 0 ? [] : optionTable(verb.options)),
      ...(verb.examples.length === 0 ? [] : ['```', ...verb.examples, '```', '']),
    ]),
  ].join('\n')
}
