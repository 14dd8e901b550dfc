import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, CryptoError } from '../../src/crypto/index.ts'

const text = (value: unknown) => new TextDecoder().decode(canonicalJson(value))

function thrown(value: unknown): CryptoError {
  try {
    canonicalJson(value)
  } catch (error) {
    if (error instanceof CryptoError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('canonical JSON', () => {
  it('writes the example of RFC 8785, section 3.2.2', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(text(JSON.parse(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('sorts names by UTF-16 code units, RFC 8785 section 3.2.3', () => {
    const names = { '\u20ac': 5, '\r': 1, '\ufb33': 7, '1': 2, '\ud83d\ude00': 6, '\u0080': 3, '\u00f6': 4 }
    expect(text(names)).toBe('{"\\r":1,"1":2,"\u0080":3,"\u00f6":4,"\u20ac":5,"\ud83d\ude00":6,"\ufb33":7}')
    // As strings of digits the engine would list them as numbers: 9 before 10.
    expect(text({ 9: 1, 10: 2 })).toBe('{"10":2,"9":1}')
  })

  // RFC 8785, appendix B.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number with the bits %s as %s', (bits, expected) => {
    expect(text(Buffer.from(bits, 'hex').readDoubleBE())).toBe(expected)
  })

  it.each([
    ['NaN', [1, Number.NaN], '1: found NaN, expected a finite number'],
    ['an infinity', { a: { b: -Infinity } }, 'a.b: found -Infinity, expected a finite number'],
    ['undefined', { a: undefined }, 'a: found a value of type undefined'],
    ['a hole', new Array(1), '0: found a value of type undefined'],
    ['a bigint', 1n, 'the value: found a value of type bigint'],
    ['a function', { toJSON: () => 1 }, 'toJSON: found a value of type function'],
    ['half a surrogate pair', ['\ud83d'], '0: found half a surrogate pair'],
    ['half a surrogate pair as a name', { '\ude00': 1 }, 'the value: found half a surrogate pair'],
    ['a date', { at: new Date(0) }, 'at: found an object of a class'],
    ['a typed array', new Uint8Array(2), 'the value: found an object of a class'],
    ['a symbol as a name', { [Symbol('s')]: 1 }, 'the value: found a symbol as a name'],
  ])('refuses %s', (_, value, message) => {
    const error = thrown(value)
    expect(error.code).toBe('CANONICAL_JSON_VALUE')
    expect(error.message).toContain(message)
  })

  it('refuses deep nesting and cycles', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(thrown(cycle).code).toBe('CANONICAL_JSON_DEPTH')
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)])
    expect(thrown(nest(257)).code).toBe('CANONICAL_JSON_DEPTH')
    expect(text(nest(256))).toBe(`${'['.repeat(256)}1${']'.repeat(256)}`)
  })

  it('round trips, and does not depend on the order of names', () => {
    const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 })
    fc.assert(
      fc.property(json, (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        expect(JSON.parse(text(plain))).toEqual(plain)
        expect(text(reversed(plain))).toBe(text(plain))
      }),
    )
  })
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
