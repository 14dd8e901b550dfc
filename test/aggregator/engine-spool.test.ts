/** Temporary files of robust rules: what was written comes back, and nobody outside can read or change it. */
import { closeSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFileSpool, type Spool } from '../../src/aggregator/engine/spool.ts'
import { AggregatorError } from '../../src/aggregator/errors.ts'
import { ROBUST_BLOCK } from '../../src/learning/index.ts'
import { createMemorySpool } from './memory-spool.ts'

const directory = mkdtempSync(join(tmpdir(), 'coffer-spool-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

const BLOCK = 4 * ROBUST_BLOCK
const recordOf = (seed: number, length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) % 251)

/** Of the descriptors of this process, that of the file without a name. */
function descriptor(): string {
  const links = readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [{ name, path: readlinkSync(`/proc/self/fd/${name}`) }]
    } catch {
      // The descriptor of the listing itself, which is closed by now.
      return []
    }
  })
  const found = links.filter(({ path }) => path.startsWith(directory)).at(-1)
  if (found === undefined) throw new Error('no spool is open')
  return found.name
}

describe.each<[string, () => Spool]>([
  ['in memory', createMemorySpool],
  ['in a file', () => createFileSpool(directory)],
])('a spool %s', (_name, create) => {
  test.each([4, BLOCK, 2 * BLOCK + 12])('gives back records of %d bytes by blocks', (length) => {
    const spool = create()
    const records = [1, 2, 3].map((seed) => recordOf(seed, length))
    expect(records.map((record) => spool.append(record))).toEqual([0, 1, 2])
    for (const record of [2, 0, 1]) {
      for (let block = Math.ceil(length / BLOCK) - 1; block >= 0; block -= 1) {
        const expected = records[record]?.slice(block * BLOCK, (block + 1) * BLOCK)
        const into = new Uint8Array(expected?.length ?? 0)
        spool.read(record, block, into)
        expect(into).toEqual(expected)
      }
    }
    spool.close()
  })
})

describe('the file', () => {
  test('has no name, and nothing of what was written can be read in it', () => {
    const spool = createFileSpool(directory)
    expect(readdirSync(directory)).toEqual([])
    const record = new Uint8Array(BLOCK).fill(42)
    spool.append(record)
    spool.append(record)
    const bytes = readFileSync(`/proc/self/fd/${descriptor()}`)
    expect(bytes.length).toBe(2 * (BLOCK + 16))
    expect(bytes.includes(Buffer.alloc(16, 42))).toBe(false)
    expect(bytes.subarray(0, BLOCK).equals(bytes.subarray(BLOCK + 16, 2 * BLOCK + 16))).toBe(false)
    spool.close()
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['one bit', (bytes) => Buffer.from(bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)))],
    [
      'two blocks swapped',
      (bytes) => Buffer.concat([bytes.subarray(bytes.length / 2), bytes.subarray(0, bytes.length / 2)]),
    ],
    ['the end missing', (bytes) => bytes.subarray(0, 100)],
  ])('changed by the host is refused: %s', (_name, change) => {
    const spool = createFileSpool(directory)
    spool.append(recordOf(1, BLOCK))
    spool.append(recordOf(2, BLOCK))
    const path = `/proc/self/fd/${descriptor()}`
    writeFileSync(path, change(readFileSync(path)))
    const read = () => spool.read(0, 0, new Uint8Array(BLOCK))
    expect(read).toThrow(AggregatorError)
    expect(read).toThrow(expect.objectContaining({ code: 'AGGREGATION_SPOOL_DAMAGED' }))
    spool.close()
  })

  test('that cannot be made or written is an error with a code', () => {
    const nowhere = () => createFileSpool(join(directory, 'missing'))
    expect(nowhere).toThrow(AggregatorError)
    expect(nowhere).toThrow(expect.objectContaining({ code: 'AGGREGATION_SPOOL_WRITE' }))
    const spool = createFileSpool(directory)
    closeSync(Number(descriptor()))
    const append = () => spool.append(recordOf(1, 64))
    expect(append).toThrow(expect.objectContaining({ code: 'AGGREGATION_SPOOL_WRITE' }))
  })
})
