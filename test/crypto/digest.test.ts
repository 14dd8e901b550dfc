import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryptoError, equalBytes, fromHex, sha256, toHex } from '../../src/crypto/index.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('digests', () => {
  // FIPS 180-2, appendix B.1, and the empty message.
  it('computes SHA-256', () => {
    expect(toHex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(toHex(sha256())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('joins its parts without separators', () => {
    expect(sha256(utf8('a'), utf8(''), utf8('bc'))).toEqual(sha256(utf8('abc')))
  })
})

describe('hexadecimal', () => {
  it('round trips, also within a larger buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        const within = new Uint8Array([1, ...bytes, 2]).subarray(1, bytes.length + 1)
        expect(toHex(within)).toBe(toHex(bytes))
      }),
    )
    expect(fromHex('0aFf')).toEqual(new Uint8Array([10, 255]))
  })

  it.each([
    ['abc', 'found 3 hexadecimal characters, expected an even number'],
    ['00g0', 'character 3: found "g", expected 0-9 or a-f'],
    [' 00 ', 'character 1: found " ", expected 0-9 or a-f'],
  ])('refuses %j', (text, message) => {
    expect(() => fromHex(text)).toThrow(CryptoError)
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'HEX_INVALID', message }))
  })
})

describe('equalBytes', () => {
  it('compares content and length', () => {
    expect(equalBytes(utf8('abc'), utf8('abc'))).toBe(true)
    expect(equalBytes(utf8('abc'), utf8('abd'))).toBe(false)
    expect(equalBytes(utf8('abc'), utf8('abcd'))).toBe(false)
    expect(equalBytes(utf8(''), utf8(''))).toBe(true)
  })
})
