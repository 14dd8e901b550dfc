/**
 * An explanation as text of at most 110 columns. Long values stand whole on lines of their own, so that two of them can
 * be compared by eye or by copying.
 */
import { compose, segment, type Segment, type Tone } from '../../view/text.ts'
import { agrees, type Explanation, rowOf } from './explanation.ts'
import type { Field, FieldVerdict, Section } from './field.ts'
import { titles, wordsOf } from './words.ts'

const WIDTH = 110
const VERDICT_WIDTH = 9
const LABEL_WIDTH = 33
/** Where values begin: beside the label, or on lines of their own. 64 digits of a SHA-256 fit beside it. */
const BESIDE = 2 + VERDICT_WIDTH + LABEL_WIDTH
const BELOW = 2 + VERDICT_WIDTH
/** 48 bytes in hexadecimal, the longest measurement, fit into one line; longer values are cut in two. */
const HEX_LINE = 96

const shown: Readonly<Record<FieldVerdict, readonly [text: string, tone: Tone]>> = {
  ok: ['ok', 'good'],
  refused: ['REFUSED', 'bad'],
  note: ['note', 'plain'],
  claim: ['claim', 'warn'],
}

type Line = readonly Segment[]

export function linesOf(explanation: Explanation, colour: boolean): string[] {
  const lines = [...summary(explanation), ...reasons(explanation), ...explanation.sections.flatMap(section), ...legend]
  return lines.map((line) => compose(line, WIDTH, colour))
}

const text = (indent: number, value: string, tone: Tone = 'plain'): Line[] =>
  wrap(value, WIDTH - indent).map((line) => [segment(' '.repeat(indent)), segment(line, tone)])

function summary(explanation: Explanation): Line[] {
  const { simulated, outcome, recorded } = explanation
  const [first = '', ...more] = explanation.summary
  const tone: Tone = outcome === 'refused' ? 'bad' : outcome === 'claims' ? 'warn' : 'good'
  const warning = 'SIMULATED: issued by a simulated TEE, which protects nothing. Never rely on it for real data.'
  return [
    ...(simulated ? text(0, warning, 'bad') : []),
    ...(agrees(explanation)
      ? []
      : text(0, 'DISAGREEMENT: the record contradicts its own content. Do not rely on it.', 'bad')),
    ...(recorded?.disagreements ?? []).flatMap((each) => text(2, each, 'bad')),
    ...text(0, first, tone),
    ...more.flatMap((each) => text(0, each)),
    ...text(0, counts(explanation.sections)),
  ]
}

function reasons({ reasons: all }: Explanation): Line[] {
  if (all.length === 0) return []
  const codes = [...new Set(all.map(({ code }) => code))]
  return [
    [],
    ...text(0, 'REASONS', 'bold'),
    ...codes.flatMap((code) => [
      ...text(2, code, 'bad'),
      ...all.filter((each) => each.code === code).flatMap((each) => text(4, each.text)),
      ...advice(code),
    ]),
  ]
}

function advice(code: string): Line[] {
  const row = rowOf(code)
  if (row === undefined) return []
  const hanging = (label: string, words: string): Line[] =>
    wrap(words, WIDTH - BELOW).map((line, at) => [
      segment(at === 0 ? `    ${label}` : ''.padEnd(4)),
      segment(''.padEnd(at === 0 ? BELOW - 4 - label.length : BELOW - 4)),
      segment(line, 'dim'),
    ])
  return [...hanging('means', row.cause), ...hanging('next', row.next)]
}

/** How many fields have which verdict, and the names of those that were refused. */
function counts(sections: readonly Section[]): string {
  const fields = sections.flatMap((each) => each.fields)
  const count = (verdict: FieldVerdict, word: string) => {
    const number = fields.filter((each) => each.verdict === verdict).length
    return number === 0 ? [] : [`${number} ${word}`]
  }
  const refused = fields.filter(({ verdict }) => verdict === 'refused').map(({ name }) => wordsOf(name)[0])
  const numbers = [
    ...count('ok', 'ok'),
    ...count('refused', 'REFUSED'),
    ...count('note', 'notes'),
    ...count('claim', 'claims'),
  ]
  return `${fields.length} fields: ${numbers.join(', ')}${refused.length === 0 ? '' : `. REFUSED: ${refused.join('; ')}`}`
}

function section({ name, note, fields }: Section): Line[] {
  return [
    [],
    ...text(0, titles[name], 'bold'),
    ...(note === undefined ? [] : text(2, note, 'warn')),
    ...fields.flatMap(field),
  ]
}

function field(told: Field): Line[] {
  const { name, value, verdict, expected, explanation, codes } = told
  const [label] = wordsOf(name)
  const [word, tone] = shown[verdict]
  const start = [segment('  '), segment(word.padEnd(VERDICT_WIDTH), tone), segment(label.padEnd(LABEL_WIDTH))]
  const beside = wrap(value, WIDTH - BESIDE)
  const fits = beside.length === 1 || (value.includes(' ') && beside.length <= 3)
  const values: Line[] = fits
    ? beside.map((line, at) => [...(at === 0 ? start : [segment(' '.repeat(BESIDE))]), segment(line)])
    : [start, ...text(BELOW, value)]
  const same = expected?.some((each) => each.toLowerCase() === value.toLowerCase()) === true
  const words = same && verdict !== 'refused' ? sameWords(told) : ''
  return [
    ...values,
    ...(codes ? text(BELOW, codes.join(', '), 'bad') : []),
    ...expectedLines(told, same),
    ...text(BELOW, `${words}${explanation}`, 'dim'),
  ]
}

function expectedLines({ expected, verdict }: Field, same: boolean): Line[] {
  if (expected === undefined || (same && verdict !== 'refused')) return []
  const line = `expected: ${expected.join(', or ')}`
  if (line.length <= WIDTH - BELOW) return text(BELOW, line)
  return [...text(BELOW, 'expected:'), ...expected.flatMap((each) => text(BELOW + 2, each))]
}

/** What was expected and is there is not written twice. */
function sameWords({ expected = [], verdict }: Field): string {
  const others = expected.length > 1 ? `, one of ${expected.length} values` : ''
  return verdict === 'claim' ? `As expected${others}, if it is true. ` : `As expected${others}. `
}

const legend: Line[] = [
  [],
  ...text(
    0,
    'ok: compared, and it holds. REFUSED: it does not. note: nothing to compare with. claim: not established.',
    'dim',
  ),
]

/** At spaces; a word that is longer than a line is cut, digits of long values into equal parts. */
export function wrap(value: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of value.split(' ').flatMap((each) => pieces(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function pieces(word: string, width: number): string[] {
  if (word.length <= width) return [word]
  const most = Math.min(width, HEX_LINE)
  const size = Math.ceil(word.length / Math.ceil(word.length / most))
  return Array.from({ length: Math.ceil(word.length / size) }, (_, at) => word.slice(at * size, (at + 1) * size))
}
