import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors, ModelError } from '../../../parties/models/index.ts'

/** A file with this header text, whatever its form, and this many bytes of data. */
function file(header: string, dataBytes: number, announced = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(announced), true)
  bytes.set(new TextEncoder().encode(header), 8)
  return bytes
}

const tensor = (entry: object) => JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } })

describe('safetensors', () => {
  it('has the bytes of the format', () => {
    const bytes = encodeSafetensors([{ name: 'd/kernel', shape: [1, 2], values: Float32Array.of(1, -2) }], { a: 'b' })
    const view = new DataView(bytes.buffer)
    const headerBytes = Number(view.getBigUint64(0, true))
    expect(headerBytes % 8).toBe(0)
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))).toMatch(
      /^\{"__metadata__":\{"a":"b"\},"d\/kernel":\{"dtype":"F32","shape":\[1,2\],"data_offsets":\[0,8\]\}\} *$/,
    )
    expect([view.getFloat32(8 + headerBytes, true), view.getFloat32(12 + headerBytes, true)]).toEqual([1, -2])
    expect(bytes).toHaveLength(16 + headerBytes)
  })

  it('comes back as it was', () => {
    const values = fc.float32Array({ noNaN: true, maxLength: 20 })
    const entry = fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), values)
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 5 }), (entries) => {
        const tensors = entries.map(([name, array]) => ({
          name: `layer/${name}`,
          shape: [array.length],
          values: array,
        }))
        const decoded = decodeSafetensors(encodeSafetensors(tensors, { made: 'here' }))
        expect(decoded).toEqual({ tensors, metadata: { made: 'here' } })
      }),
    )
  })

  it.each<[string, Uint8Array]>([
    ['cut within the length', new Uint8Array(7)],
    ['a header longer than the file', file('{}', 0, 3)],
    ['a header of 2^63 bytes', file('{}', 0, 2 ** 63)],
    ['no JSON', file('{', 0)],
    ['another JSON value', file('[]', 0)],
    ['an entry that is no object', file('{"w":1}', 0)],
    ['another dtype', file(tensor({ dtype: 'F16' }), 8)],
    ['a shape that does not fill its bytes', file(tensor({ shape: [3] }), 8)],
    ['a negative size', file(tensor({ shape: [-2] }), 8)],
    ['a hole before the tensor', file(tensor({ data_offsets: [4, 12] }), 12)],
    ['a tensor beyond the end', file(tensor({}), 7)],
    ['three offsets', file(tensor({ data_offsets: [0, 8, 8] }), 8)],
    ['bytes after the last tensor', file(tensor({}), 9)],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}', 0)],
  ])('refuses %s', (_, bytes) => {
    const decode = () => decodeSafetensors(bytes)
    expect(decode).toThrow(ModelError)
    expect(decode).toThrow(expect.objectContaining({ code: 'MODEL_SAFETENSORS' }))
  })

  it('accepts the file that those are damaged copies of', () => {
    expect(decodeSafetensors(file(tensor({}), 8)).tensors).toHaveLength(1)
  })
})
