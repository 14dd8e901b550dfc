import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, toHex } from '../../src/crypto/index.ts'
import {
  canonicalSpec,
  JobError,
  jobDigest,
  parseJobSpec,
  readCanonicalSpec,
  readJobSpec,
} from '../../src/job/index.ts'
import { changed, minimal, refusal } from './specs.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const canonical = () => new TextDecoder().decode(canonicalSpec(parseJobSpec(minimal)))

describe('a job spec', () => {
  it('has every default filled in', () => {
    expect(parseJobSpec(minimal)).toEqual({
      version: 1,
      name: 'credit',
      task: { kind: 'binary-classification' },
      model: { kind: 'logistic' },
      data: {
        dataset: 'loans',
        id: 'customer',
        label: 'defaulted',
        positive: 1,
        features: [
          { name: 'age', type: 'number', minimum: 18, maximum: 100, missing: 'refuse', outside: 'refuse' },
          { name: 'purpose', type: 'category', values: ['car', 'home'], missing: 'refuse', other: 'refuse' },
        ],
        holdout: 0.2,
      },
      parties: ['bank-a', 'bank-b', 'bank-c'],
      rounds: { count: 3, quorum: 2, minimumParties: 2, deadlineSeconds: 600, late: 'drop' },
      training: { epochs: 1, batch: 256, learningRate: 0.01, optimizer: 'adam', l2: 0 },
      strategy: { kind: 'fedavg' },
      summation: 'tee',
      encoding: { bits: 32, range: 16 },
      compression: { kind: 'none' },
      robust: { kind: 'none' },
      seed: 0,
    })
  })

  it('fills in the defaults of each strategy, and no positive label outside of binary classification', () => {
    const strategy = (kind: string) => parseJobSpec(`${minimal}strategy: { kind: ${kind} }\n`).strategy
    const adaptive = { learningRate: 0.01, tau: 0.001 }
    expect(strategy('fedadam')).toEqual({ kind: 'fedadam', ...adaptive, beta1: 0.9, beta2: 0.99 })
    expect(strategy('fedyogi')).toEqual({ kind: 'fedyogi', ...adaptive, beta1: 0.9, beta2: 0.99 })
    expect(strategy('fedadagrad')).toEqual({ kind: 'fedadagrad', ...adaptive, beta1: 0 })
    const multiclass = '{ kind: multiclass-classification, classes: [a, b] }'
    expect(parseJobSpec(changed('{ kind: binary-classification }', multiclass)).data.positive).toBeUndefined()
  })

  it('is the same in YAML, JSON, tabbed JSON, bytes, and with a byte order mark', () => {
    const spec = parseJobSpec(minimal)
    for (const text of [
      JSON.stringify(spec),
      JSON.stringify(spec, null, '\t'),
      `\ufeff${minimal}`,
      minimal.replaceAll('\n', '\r\n'),
    ]) {
      expect(parseJobSpec(text)).toEqual(spec)
      expect(parseJobSpec(utf8(text))).toEqual(spec)
    }
    expect(readJobSpec(utf8(JSON.stringify(spec, null, 2)))).toEqual(spec)
  })

  it('reads JSON escapes as JSON does', () => {
    const text = JSON.stringify(parseJobSpec(changed('car', '"\\U0001F697/"'))).replace('🚗/', '\\ud83d\\ude97\\/')
    expect(text).toContain('\\ud83d')
    expect(parseJobSpec(text)).toEqual(readJobSpec(utf8(text)))
  })

  it('has one digest, whatever the order of keys and whichever defaults were written', () => {
    const reordered = changed('rounds: { count: 3, quorum: 2 }\n', '')
    const text = `seed: 0\nrounds: { minimumParties: 2, quorum: 2, count: 3 }\n${reordered}`
    const digest = jobDigest(canonicalSpec(parseJobSpec(minimal)))
    expect(jobDigest(canonicalSpec(parseJobSpec(text)))).toEqual(digest)
    expect(digest).toEqual(sha256(utf8(canonical())))
    expect(jobDigest(canonicalSpec(parseJobSpec(`${minimal}seed: 1\n`)))).not.toEqual(digest)
    // A change of this value makes every digest that was ever approved another one.
    expect(toHex(digest)).toBe('d81c04d2a5863e5ccfcc1fd24f27a49340c967b0249f9f2c0dd6df5f68acb7be')
  })

  it('survives its canonical form', () => {
    const spec = parseJobSpec(minimal)
    expect(readCanonicalSpec(canonicalSpec(spec))).toEqual(spec)
  })

  it('keeps the digest of a job that was approved before a key was added', () => {
    const written = 'late: drop }\ncompression: { kind: none }\nrobust: { kind: none }\n'
    const text = changed('quorum: 2 }\n', `quorum: 2, ${written}`)
    expect(canonicalSpec(parseJobSpec(text))).toEqual(canonicalSpec(parseJobSpec(minimal)))
    const other = parseJobSpec(
      changed('drop', 'keep', changed('robust: { kind: none }', 'robust: { kind: median }', text)),
    )
    expect(readCanonicalSpec(canonicalSpec(other))).toEqual(other)
    expect(canonicalSpec(other)).not.toEqual(canonicalSpec(parseJobSpec(minimal)))
  })
})

describe('a canonical spec', () => {
  it.each<[string, () => string]>([
    ['a space', () => canonical().replace(',', ', ')],
    ['a final newline', () => `${canonical()}\n`],
    ['a default left out', () => canonical().replace(',"seed":0', '')],
    ['the positive label left out', () => canonical().replace(',"positive":1', '')],
    ['another order', () => canonical().replace('"batch":256,"epochs":1', '"epochs":1,"batch":256')],
    ['another spelling of a number', () => canonical().replace('"seed":0', '"seed":0.0')],
    ['an escape', () => canonical().replace('"credit"', '"\\u0063redit"')],
    ['a key twice', () => canonical().replace('"seed":0', '"seed":1,"seed":0')],
    ['a byte order mark', () => `\ufeff${canonical()}`],
    ['a later key at its default', () => canonical().replace('"seed":0', '"robust":{"kind":"none"},"seed":0')],
    ['a later key within rounds', () => canonical().replace('"minimumParties"', '"late":"drop","minimumParties"')],
    ['layers as a topology', () => canonical().replace('{"kind":"logistic"}', topology)],
  ])('refuses %s', (_, text) => {
    const bytes = utf8(text())
    expect(bytes).not.toEqual(utf8(canonical()))
    expect(readJobSpec(bytes).name).toBe('credit')
    const error = refusal(() => readCanonicalSpec(bytes))
    expect(error.code).toBe('JOB_SPEC_NOT_CANONICAL')
    expect(error.message).toMatch(/^job spec 'credit': found \d+ bytes, expected the canonical form of \d+ bytes/)
  })

  it.each<[string, Uint8Array, string]>([
    ['no JSON', utf8('version: 1'), 'document: found text that is not JSON'],
    ['no UTF-8', new Uint8Array([0x7b, 0xff]), 'document: found bytes that are not UTF-8, expected text in UTF-8'],
    [
      'too much',
      new Uint8Array(1024 * 1024 + 1),
      'document: found 1048577 bytes, expected at most 1048576 bytes (1 MiB)',
    ],
    ['nothing', new Uint8Array(0), 'document: found text that is not JSON'],
    ['a list', utf8('[]'), 'document: found a list of 0, expected a mapping with the keys version'],
    ['deep nesting', utf8('['.repeat(500_000) + ']'.repeat(500_000)), 'document: found a list of 1'],
    ['a prototype', canonicalPrototype(), '__proto__: found an unknown key'],
  ])('refuses %s', (_, bytes, problem) => {
    const error = refusal(() => readCanonicalSpec(bytes))
    expect(error.code).toBe('JOB_SPEC_INVALID')
    expect(error.message).toContain(`job spec has a problem:\n  ${problem}`)
  })

  it('is refused or the same after any change of one byte', () => {
    const bytes = canonicalSpec(parseJobSpec(minimal))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Uint8Array.from(bytes)
        other[at] = (other[at] ?? 0) ^ flip
        try {
          expect(canonicalSpec(readCanonicalSpec(other))).toEqual(other)
        } catch (error) {
          expect(error).toBeInstanceOf(JobError)
        }
      }),
      { numRuns: 300 },
    )
  })
})

const topology =
  '{"kind":"layers","layers":{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{"units":1}}]}}}'

function canonicalPrototype(): Uint8Array {
  return utf8(canonical().replace('{', '{"__proto__":{"seed":1},'))
}
