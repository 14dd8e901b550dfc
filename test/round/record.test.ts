import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/crypto/index.ts'
import {
  encodeRecord,
  MAXIMUM_RECORD_BYTES,
  parseRecord,
  RoundError,
  roundSteps,
  type RunRecord,
} from '../../src/round/index.ts'
import { attested, ended, member, opened, played, received } from './records.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (record: RunRecord) => new TextDecoder().decode(encodeRecord(record))
const all = [...played, ended(4)]
const broken: RunRecord = { kind: 'ended', sequence: 1, atMs: 0, state: 'stopped', reason: '\ud800' }
const longer = { ...member('bank-a'), more: 1 }

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(RoundError)
    expect(error).toMatchObject({ code: 'ROUND_LOG_INVALID' })
    return error instanceof Error ? error.message : ''
  }
  throw new Error('nothing was refused')
}

describe('a record', () => {
  test('of each kind is the same after its bytes', () => {
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(roundSteps))
    for (const record of all) expect(parseRecord(encodeRecord(record))).toEqual(record)
  })

  test('kinds are listed in the order in which they are first written', () => {
    expect([...new Set(all.map(({ kind }) => kind))]).toEqual([...roundSteps])
  })

  test.each<[string, () => string, string]>([
    ['no JSON', () => '{', 'record: no JSON in UTF-8'],
    ['no object', () => '[]', 'record: expected an object'],
    ['another kind', () => '{"kind":"constructor"}', 'record.kind: expected epoch or event or member'],
    ['a space', () => text(member('bank-a')).replace(',', ', '), 'record: not in canonical form'],
    ['trailing bytes', () => `${text(member('bank-a'))}\n`, 'record: not in canonical form'],
    [
      'a member more',
      () => text(member('bank-a')).replace('"rows"', '"more":1,"rows"'),
      'record: not in canonical form',
    ],
    [
      'a name twice',
      () => text(opened(0)).replace('bank-b', 'bank-a'),
      'record.cohort: expected a list of at most 1024',
    ],
    ['a number as a name', () => text(opened(0)).replace('"bank-b"', '7'), 'record.cohort: expected a list of at most'],
    ['half a row', () => text(member('bank-a')).replace('10', '10.5'), 'record.rows: expected a whole number'],
    ['no rows', () => text(member('bank-a')).replace('10', '0'), 'record.rows: expected a whole number of at least 1'],
    [
      'an age below zero',
      () => text(received(1, 'bank-a')).replace('"staleness":0', '"staleness":-1'),
      'record.staleness',
    ],
    ['a short digest', () => text(received(1, 'bank-a')).replace('11', '1'), 'record.digest: expected 32 bytes'],
    ['bytes that are no base64', () => text(attested(1)).replace('yMjI', 'yM!I'), 'record.event.evidence.quote'],
    ['unused bits in base64', () => text(attested(1)).replace('yA==', 'yB=='), 'record.event.evidence.quote'],
    [
      'a closed round as a plain event',
      () => text(attested(1)).replace('attested', 'round-closed'),
      'record.event.kind',
    ],
    [
      'another event in a commit',
      () => text(played[10] ?? ended(1)).replace('round-closed', 'attested'),
      'record.event.kind',
    ],
    [
      'a metric of another name',
      () => text(played[10] ?? ended(1)).replace('auc', 'aux'),
      'record: not in canonical form',
    ],
    [
      'a state that ends nothing',
      () => text(ended(1)).replace('abandoned', 'running'),
      'record.state: expected finished',
    ],
    ['deep nesting', () => '['.repeat(1_000_000), 'record: no JSON in UTF-8'],
    ['a list of a million', () => text(opened(0)).replace('"bank-a"', '0,'.repeat(1_000_000) + 0), 'record.cohort'],
  ])('with %s is refused', (_, hostile, message) => {
    expect(refusal(() => parseRecord(utf8(hostile())))).toContain(message)
  })

  test('that is too large is refused unread', () => {
    const message = refusal(() => parseRecord(new Uint8Array(MAXIMUM_RECORD_BYTES + 1)))
    expect(message).toContain('found 3145729 bytes, expected at most 3145728')
  })

  test('with all the evidence that the wire lets through is small enough', () => {
    const record = attested(1)
    if (record.kind !== 'event' || record.event.kind !== 'attested') throw new Error('not the record that it was')
    const most = new Uint8Array(512 * 1024).fill(255)
    const event = { ...record.event, evidence: { quote: most, eventLog: most, statement: most } }
    expect(encodeRecord({ kind: 'event', event }).length).toBeLessThanOrEqual(MAXIMUM_RECORD_BYTES)
  })

  test.each<[string, RunRecord]>([
    ['half a surrogate pair', broken],
    ['no rows', member('bank-a', 0)],
    ['a weight that is no number', received(0, 'bank-a', { weight: Number.NaN })],
    ['a member more', longer],
  ])('is never written with %s', (_, record) => {
    refusal(() => encodeRecord(record))
  })

  test('is refused or the same after any change of one byte', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, flip) => {
        const bytes = encodeRecord(record)
        const at = place % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ flip
        try {
          expect(encodeRecord(parseRecord(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(RoundError)
        }
      }),
      { seed: 41, numRuns: 1_000 },
    )
  })

  test('may be any JSON without harm', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...roundSteps), (value, kind) => {
        const json = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, kind } : value
        const bytes = utf8(JSON.stringify(json))
        try {
          expect(canonicalJson(json)).toEqual(encodeRecord(parseRecord(bytes)))
        } catch (error) {
          expect(error).toBeInstanceOf(RoundError)
        }
      }),
      { seed: 43, numRuns: 500 },
    )
  })
})
