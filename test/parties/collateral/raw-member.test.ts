import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rawMember } from '../../../parties/collateral/raw-member.ts'

test('the text between the names is kept to the last space and escape', () => {
  const inner = '{ "a":1.0,  "b" : "\\u0041}\\"" ,"c":[{}, "]"]}'
  const text = ` { "signature" : "00", "tcbInfo":${inner} } `
  expect(rawMember(text, 'tcbInfo')).toBe(inner)
  expect(rawMember(text, 'signature')).toBe('"00"')
})

test.each([
  ['absent', '{"other":{}}'],
  ['deeper', '{"other":{"tcbInfo":{}}}'],
  ['in a text', '{"other":"\\"tcbInfo\\":{}"}'],
  ['twice', '{"tcbInfo":{},"tcbInfo":{}}'],
  ['twice, once in disguise', '{"tcbInfo":{},"tcb\\u0049nfo":{}}'],
  ['of an empty object', '{}'],
])('a member that is %s', (_what, text) => {
  expect(() => JSON.parse(text)).not.toThrow()
  expect(rawMember(text, 'tcbInfo')).toBeUndefined()
})

test('whatever stands around it, the text reads as the value', () => {
  const others = fc.dictionary(
    fc.string().filter((name) => name !== 'tcbInfo'),
    fc.jsonValue(),
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.jsonValue(), others, fc.constantFrom(0, 1, 3), (value, rest, indent) => {
      const text = JSON.stringify({ ...rest, tcbInfo: value, z: rest }, null, indent)
      const raw = rawMember(text, 'tcbInfo')
      expect(JSON.parse(raw ?? '')).toEqual(JSON.parse(JSON.stringify(value)))
      expect(text).toContain(raw)
    }),
  )
})
