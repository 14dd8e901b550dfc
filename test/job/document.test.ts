import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { JobError, parseConfig, parseJobSpec } from '../../src/job/index.ts'
import { listed, minimal, refusal } from './specs.ts'

const anything = z.unknown()
const read = (text: string | Uint8Array) => parseConfig(anything, text, 'coffer.yaml')

describe('YAML', () => {
  it('is YAML 1.2: no and on are text, and only decimal, 0x and 0o are numbers', () => {
    expect(read('[no, on, yes, 010, 0x10, 0o10, 1_000, 12:30:00, 2026-01-01, ~]')).toEqual([
      'no',
      'on',
      'yes',
      10,
      16,
      8,
      '1_000',
      '12:30:00',
      '2026-01-01',
      null,
    ])
  })

  it.each([
    [
      'a: &x [1]\nb: 1',
      'document: found an anchor (&), expected plain values, written where they stand (line 1, column 4)',
    ],
    [
      'a: !!binary aGk=',
      'document: found a tag (!), expected plain values, written where they stand (line 1, column 4)',
    ],
    ['a: !run ls', 'document: found a tag (!), expected plain values, written where they stand (line 1, column 4)'],
    [
      '%YAML 1.1\n---\na: no',
      'document: found a directive (%), expected plain values, written where they stand (line 1, column 1)',
    ],
    ['a: 1\n"a": 2', 'document: found the key "a" twice, expected each key once (line 2, column 1)'],
    ['x:\n  - { b: 1, b: 2 }', 'document: found the key "b" twice, expected each key once (line 2, column 13)'],
    ['x:\n  __proto__: { seed: 1 }', 'document: found the key __proto__, expected another key (line 2, column 3)'],
    ['x: { "__pro\\x74o__": 1 }', 'document: found the key __proto__, expected another key (line 1, column 6)'],
    ['a: 1\n---\na: 2', 'document: found a second document, expected one document (line 2, column 1)'],
    ['{a: 1}\n{b: 2}', 'document: found more text after the end, expected one value (line 2, column 1)'],
    [
      'a: [1',
      'document: found text that is not YAML (Flow sequence in block collection must be sufficiently indented and end with a ]), expected YAML 1.2 or JSON (line 1, column 6)',
    ],
    [
      'a: ]',
      'document: found text that is not YAML (Unexpected flow-seq-end token in YAML stream), expected YAML 1.2 or JSON (line 1, column 4)',
    ],
  ])('refuses %j', (text, problem) => {
    const error = refusal(() => read(text))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(listed(error)).toContain(problem)
    expect(error.message).toMatch(/^coffer\.yaml has /)
  })

  it('refuses a billion laughs before they are counted', () => {
    const laughs = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}]`,
    )
    const error = refusal(() => read(`l0: &l0 lol\n${laughs.join('\n')}`))
    expect(error.problems[0]?.found).toBe('an anchor (&)')
  })

  it.each([
    ['flow lists', '['.repeat(500_000)],
    ['flow mappings', '{a: '.repeat(200_000)],
    ['block lists', '- '.repeat(500_000)],
    ['explicit keys', '? '.repeat(500_000)],
    ['block mappings', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('refuses deep %s', (_, text) => {
    const error = refusal(() => read(text))
    expect(error.problems[0]?.found).toBe('nesting deeper than 64')
  })

  it('reads thirty thousand keys without comparing each with each other', () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`)
    expect(Object.keys(Object(read(keys.join('\n'))))).toHaveLength(30_000)
  }, 15_000)

  it('refuses more than 1 MiB, and what is not UTF-8', () => {
    const long = 'ä'.repeat(512 * 1024 + 1)
    expect(listed(refusal(() => read(long)))).toEqual([
      'document: found 1048578 bytes, expected at most 1048576 bytes (1 MiB)',
    ])
    for (const bytes of [
      [0xff, 0xfe, 0x61, 0x00],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
    ]) {
      expect(listed(refusal(() => read(Uint8Array.from(bytes))))).toEqual([
        'document: found bytes that are not UTF-8, expected text in UTF-8',
      ])
    }
  })

  it('reads an empty file as nothing', () => {
    const error = refusal(() => parseConfig(z.strictObject({ role: z.string() }), '# only a comment\n', 'coffer.yaml'))
    expect(error.message).toMatch(/document: found nothing, expected a mapping with the keys role/)
  })
})

describe('parseConfig', () => {
  const schema = z.strictObject({ listen: z.string(), port: z.int().min(1).default(7400) })

  it('returns what the schema makes of the file', () => {
    expect(parseConfig(schema, 'listen: here', 'coffer.yaml')).toEqual({ listen: 'here', port: 7400 })
  })

  it('names the file and every problem', () => {
    const error = refusal(() => parseConfig(schema, 'lisen: here\nport: 0', 'home/coffer.yaml'))
    expect(error).toBeInstanceOf(JobError)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toBe(
      [
        'home/coffer.yaml has 3 problems:',
        '  listen: found nothing, expected text (line 1, column 1)',
        "  lisen: found an unknown key, expected the keys listen, port; did you mean 'listen'? (line 1, column 1)",
        '  port: found 0, expected a whole number from 1 to 9007199254740991 (line 2, column 1)',
      ].join('\n'),
    )
  })

  it('throws nothing but JobError, whatever the text', () => {
    const pieces = fc.constantFrom(
      ...'[]{}:,-?&*!|>%@"\'#\n \t~<0a=`\\'.split(''),
      'name',
      '\n  ',
      ': ',
      '- ',
      '__proto__',
    )
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
      fc.string({ unit: 'binary' }),
    )
    const damaged = fc
      .tuple(fc.nat(minimal.length), fc.nat(8), texts)
      .map(([at, length, text]) => minimal.slice(0, at) + text + minimal.slice(at + length))
    fc.assert(
      fc.property(fc.oneof(texts, damaged), (text) => {
        try {
          parseJobSpec(text)
        } catch (error) {
          expect(error).toBeInstanceOf(JobError)
        }
      }),
      { numRuns: 200 },
    )
  }, 15_000)
})
