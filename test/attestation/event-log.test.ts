/** Event logs: a real one replays, and one that was cut, reordered, extended or rewritten does not. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  EvidenceError,
  parseCollateral,
  parseEventLog,
  parseQuote,
  replay,
  verifyEvidence,
} from '../../src/attestation/index.ts'
import { honest, now, platformOf, reportData } from './issued.ts'
import { present, read } from './vectors.ts'

const sha384 = (data: Uint8Array): Buffer => createHash('sha384').update(data).digest()

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, 4 * at)
  return bytes
}

const specification = Buffer.concat([
  Buffer.from('Spec ID Event03\0'),
  Buffer.from('0000000000020002', 'hex'),
  u32(1),
  Buffer.from('0c00300000', 'hex'),
])
const head = Buffer.concat([u32(1, 3), Buffer.alloc(20), u32(specification.length), specification])

interface Entry {
  readonly register: number
  readonly type: number
  readonly text: string
  readonly digest?: Buffer
}

function event({ register, type, text, digest }: Entry): Buffer {
  const data = Buffer.from(text)
  const algorithm = Buffer.from('0c00', 'hex')
  return Buffer.concat([u32(register, type, 1), algorithm, digest ?? sha384(data), u32(data.length), data])
}

const SEPARATOR = 4
const IPL = 13
const ACTION = 0x80000007
const entries: readonly Entry[] = [
  { register: 1, type: SEPARATOR, text: '\0\0\0\0' },
  { register: 2, type: ACTION, text: 'Exit Boot Services Invocation' },
  { register: 3, type: IPL, text: 'a label', digest: sha384(Buffer.from('what was measured')) },
  { register: 3, type: 3, text: 'no action' },
  { register: 4, type: IPL, text: 'coffer aggregator bundle' },
]
const logOf = (list: readonly Entry[], filler = Buffer.alloc(64, 0xff)): Uint8Array =>
  Buffer.concat([head, ...list.map(event), filler])

/** Evidence of a TD whose RTMRs are those after `entries`, with the log that is given. */
function verifyWith(eventLog: Uint8Array) {
  const platform = honest('tdx-v4')
  const [rtmr0, rtmr1, rtmr2, rtmr3] = replay(parseEventLog(logOf(entries))).map((hex) => Buffer.from(hex, 'hex'))
  const body = Object.fromEntries(
    Object.entries({ rtmr0, rtmr1, rtmr2, rtmr3 }).map(([name, value]) => [name, value ?? new Uint8Array(48)]),
  )
  const collateral = parseCollateral(platform.collateralJson())
  const trust = { roots: platform.rootPem, collateral, binding: { reportData }, now }
  return verifyEvidence({ quote: platform.quote({ reportData, body }), eventLog }, trust)
}

function codesOf(action: () => unknown): string[] {
  try {
    action()
  } catch (error) {
    if (error instanceof EvidenceError) return error.reasons.map(({ code }) => code)
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a log that leads to the RTMRs', () => {
  test('is listed, and says which text its digests prove', () => {
    const { eventLog } = verifyWith(logOf(entries))
    expect(eventLog?.map(({ rtmr, proved }) => [rtmr, proved])).toEqual([
      [0, true],
      [1, true],
      [2, false],
      [3, true],
    ])
  })

  test('may end where it ends, or in an area of zeros', () => {
    expect(verifyWith(logOf(entries, Buffer.alloc(0))).ok).toBe(true)
    expect(verifyWith(logOf(entries, Buffer.alloc(64))).ok).toBe(true)
  })
})

describe('a log that does not', () => {
  const changed = (at: number, change: Partial<Entry>): Entry[] =>
    entries.map((entry, i) => (i === at ? { ...entry, ...change } : entry))

  test.each<[string, readonly Entry[], string[]]>([
    ['an event dropped', entries.slice(1), ['EVIDENCE_EVENT_LOG_REPLAY']],
    ['an event added', [...entries, { register: 4, type: IPL, text: 'more' }], ['EVIDENCE_EVENT_LOG_REPLAY']],
    [
      'events of two registers swapped',
      changed(0, { register: 2 }),
      ['EVIDENCE_EVENT_LOG_REPLAY', 'EVIDENCE_EVENT_LOG_REPLAY'],
    ],
    ['a digest changed', changed(4, { digest: Buffer.alloc(48) }), ['EVIDENCE_EVENT_LOG_REPLAY']],
    [
      'text forged beside its digest',
      changed(1, { text: 'Forged', digest: sha384(Buffer.from('Exit Boot Services Invocation')) }),
      ['EVIDENCE_EVENT_LOG_TEXT'],
    ],
    ['every event dropped', [], new Array<string>(4).fill('EVIDENCE_EVENT_LOG_REPLAY')],
    [
      'a register that does not exist',
      [...entries, { register: 5, type: IPL, text: '' }],
      ['EVIDENCE_EVENT_LOG_INVALID'],
    ],
    [
      'an event for the register of MRTD',
      [...entries, { register: 0, type: IPL, text: '' }],
      ['EVIDENCE_EVENT_LOG_INVALID'],
    ],
  ])('%s', (_what, list, codes) => {
    expect(codesOf(() => verifyWith(logOf(list)))).toEqual(codes)
  })

  test('order within a register counts', () => {
    const two = [...entries, { register: 4, type: IPL, text: 'second' }]
    const swapped = [...entries.slice(0, 4), ...two.slice(4).reverse()]
    expect(replay(parseEventLog(logOf(two)))[3]).not.toBe(replay(parseEventLog(logOf(swapped)))[3])
  })

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['no specification', Buffer.concat([event({ register: 1, type: IPL, text: 'x' })])],
    [
      'SHA-256 digests',
      Buffer.from(Buffer.from(logOf(entries)).toString('hex').replace('0c003000', '0b002000'), 'hex'),
    ],
    ['bytes in its unused area', logOf(entries, Buffer.from(`${'ff'.repeat(63)}00`, 'hex'))],
    [
      'an event that passes the end',
      logOf(entries, Buffer.concat([u32(1, 13, 1), Buffer.from('0c00', 'hex'), Buffer.alloc(48), u32(0xffffffff)])),
    ],
    ['too much', new Uint8Array(4 * 2 ** 20 + 1)],
  ])('%s', (_what, log) => {
    expect(codesOf(() => parseEventLog(log))).toEqual(['EVIDENCE_EVENT_LOG_INVALID'])
  })

  test('an SGX quote has none', () => {
    const platform = platformOf('sgx-v3')
    const collateral = parseCollateral(platform.collateralJson())
    const trust = { roots: platform.rootPem, collateral, binding: { reportData }, now }
    const evidence = { quote: platform.quote({ reportData }), eventLog: logOf(entries) }
    expect(codesOf(() => verifyEvidence(evidence, trust))).toEqual(['EVIDENCE_EVENT_LOG_INVALID'])
  })
})

test.skipIf(!present)('the log of a real TD leads to its RTMRs', () => {
  const { body } = parseQuote(read('tdx-v4-ccel/cos-113-tdx-quote.dat'))
  const events = parseEventLog(read('tdx-v4-ccel/ccel_data.dat'))
  expect(events.length).toBe(43)
  const [rtmr0, rtmr1, rtmr2, rtmr3] = replay(events)
  expect(body).toMatchObject({ rtmr0, rtmr1, rtmr2, rtmr3 })
})
