/** DER, PEM, times and JSON are read in one way only. */
import { describe, expect, test } from 'vitest'
import { exceedsStructures, repeatedMember } from '../../src/attestation/collateral/json-text.ts'
import { EvidenceError, parseCollateral, parseQuote } from '../../src/attestation/index.ts'
import { derBoolean, integerHex, onlyDer, readDer, smallInteger, TAG } from '../../src/attestation/x509/der.ts'
import { readBasicConstraints, readExtensions, readKeyUsage } from '../../src/attestation/x509/extensions.ts'
import { parsePemChain } from '../../src/attestation/x509/pem.ts'
import { readTime } from '../../src/attestation/x509/time.ts'
import { honest } from './issued.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof EvidenceError) return error.code
    throw error
  }
  return 'accepted'
}

test('a quote larger than any real one is not read', () => {
  expect(codeOf(() => parseQuote(new Uint8Array(65_537)))).toBe('EVIDENCE_QUOTE_SIZE')
})

describe('DER', () => {
  test.each([
    ['', 'nothing'],
    ['02', 'a tag alone'],
    ['020201', 'a length that passes the end'],
    ['0280010000', 'an indefinite length'],
    ['02810101', 'a long length for a short value'],
    [`02820081${'01'.repeat(129)}`, 'a length with a leading zero'],
    ['028400000001 01'.replace(' ', ''), 'a length of four bytes'],
    ['1f810101', 'a tag of several bytes'],
    ['02010100', 'something after it'],
    ['040101', 'another tag'],
  ])('%s: %s', (hex) => {
    expect(codeOf(() => onlyDer(bytes(hex), TAG.integer, 'a value'))).toBe('EVIDENCE_DER_INVALID')
  })

  test('long lengths in their minimal form', () => {
    expect(onlyDer(bytes(`028181${'01'.repeat(129)}`), TAG.integer, 'a value').content.length).toBe(129)
  })

  const integer = (hex: string) => onlyDer(bytes(hex), TAG.integer, 'an integer')
  test.each(['0200', '0201ff', '02020001', '0203010000'])('integer %s is refused', (hex) => {
    expect(codeOf(() => smallInteger(integer(hex), 'an integer'))).toBe('EVIDENCE_DER_INVALID')
  })
  test('integers', () => {
    expect(smallInteger(integer('020300ffff'), 'an integer')).toBe(65535)
    expect(integerHex(integer('02020080'), 'an integer')).toBe('0080')
  })

  test('booleans are 00 or FF', () => {
    const boolean = (hex: string) => derBoolean(onlyDer(bytes(hex), TAG.boolean, 'a boolean'), 'a boolean')
    expect([boolean('0101ff'), boolean('010100')]).toEqual([true, false])
    expect(codeOf(() => boolean('010101'))).toBe('EVIDENCE_DER_INVALID')
  })
})

describe('times', () => {
  const time = (tag: number, text: string) =>
    new Date(readTime(readDer(Uint8Array.of(tag, text.length, ...Buffer.from(text)), 'a time'), 'a time')).toISOString()

  test('years of two digits are 1950 to 2049', () => {
    expect(time(TAG.utcTime, '491231235959Z')).toBe('2049-12-31T23:59:59.000Z')
    expect(time(TAG.utcTime, '500101000000Z')).toBe('1950-01-01T00:00:00.000Z')
    expect(time(TAG.generalizedTime, '20500101000000Z')).toBe('2050-01-01T00:00:00.000Z')
  })

  test.each(['250230000000Z', '251301000000Z', '250101240000Z', '250101006000Z', '2501010000Z', '250101000000+0100'])(
    '%s does not exist or is written otherwise',
    (text) => {
      expect(codeOf(() => time(TAG.utcTime, text))).toBe('EVIDENCE_DER_INVALID')
    },
  )
})

describe('extensions', () => {
  test('a default that is written out, a repetition, an unknown critical one', () => {
    const extension = (critical: string) => bytes(`30${critical === '' ? '09' : '0c'}0603551d63${critical}04020500`)
    const read = (...list: Uint8Array[]) => codeOf(() => readExtensions(Buffer.concat(list), [], 'extensions'))
    expect(read(extension(''))).toBe('accepted')
    expect(read(extension('010100'))).toBe('EVIDENCE_CERTIFICATE_INVALID')
    expect(read(extension('0101ff'))).toBe('EVIDENCE_CERTIFICATE_INVALID')
    expect(read(extension(''), extension(''))).toBe('EVIDENCE_CERTIFICATE_INVALID')
  })

  test('absent constraints and usage allow nothing', () => {
    expect(readBasicConstraints(undefined, 'constraints')).toEqual({ ca: false, pathLength: -1 })
    expect(readKeyUsage(undefined, 'usage').size).toBe(0)
    expect([...readKeyUsage(bytes('03020106'), 'usage')]).toEqual([5, 6])
  })
})

describe('PEM', () => {
  const pem = honest('sgx-v3').rootPem
  test.each([
    ['nothing', ''],
    ['text before', `hello\n${pem}`],
    ['text after', `${pem}hello`],
    ['an empty line', `${pem}\n${pem}`],
    ['a lone carriage return', pem.replace('\n', '\r')],
    ['no end', pem.slice(0, -30)],
    ['a space in the base64', pem.replace('\nMII', '\n MII')],
    ['too many', pem.repeat(3)],
  ])('%s', (_what, text) => {
    expect(codeOf(() => parsePemChain(text, 'a chain', 2))).toBe('EVIDENCE_PEM_INVALID')
  })

  test('both ends of lines are read', () => {
    expect(parsePemChain(pem.replaceAll('\n', '\r\n'), 'a chain', 1)).toEqual(parsePemChain(pem, 'a chain', 1))
  })
})

describe('collateral', () => {
  test.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":{"b":1},"b":[{"b":1},{"b":2}]}', undefined],
    ['{"a":"\\"a\\":","b":["a","a"]}', undefined],
    ['{"a":1, "\\u0061" : 2}', 'a'],
    ['[{"x":{"y":1,"z":2,"y":3}}]', 'y'],
  ])('%s repeats %s', (text, name) => {
    expect(repeatedMember(text)).toBe(name)
  })

  test.each<[string, number]>([
    ['{}', 1],
    ['{"a":[{"b":1},[]]}', 4],
    ['{"a":"{[{["}', 1],
    ['{"a":"\\"{"}', 1],
    ['["{', 1],
    ['[[[[', 4],
  ])('%s has %i objects and lists', (text, count) => {
    expect([exceedsStructures(text, count - 1), exceedsStructures(text, count)]).toEqual([true, false])
  })

  test.each<[string, string]>([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['nothing', '{}'],
    ['an unknown field', `{"more":1,${honest('sgx-v3').collateralJson().slice(1)}`],
    ['a field twice', `{"pck_crl":"",${honest('sgx-v3').collateralJson().slice(1)}`],
    ['deep nesting', `{"tcb_info":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a long text of escapes', `{"tcb_info":"${'\\n'.repeat(2_000_000)}"}`],
    ['too much', ' '.repeat(8 * 2 ** 20 + 1)],
  ])('%s is refused', (_what, text) => {
    expect(codeOf(() => parseCollateral(text))).toBe('EVIDENCE_COLLATERAL_INVALID')
  })
})
