/** Verification records on disk: whole or absent, the newest refusals only, and readable again. */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRecords, parseRecord, readObject, RecordError, type VerificationRecord } from '../../../parties/index.ts'
import { sha256, toHex } from '../../../src/crypto/index.ts'
import { createDirectory } from '../../cli/support.ts'
import { type Connections, createConnections } from './connections.ts'

let connections: Connections
let accepted: VerificationRecord
let directory: string
const closing: AsyncDisposable[] = []

beforeAll(async () => {
  connections = await createConnections()
  closing.push(connections)
  accepted = (await connections.connect('accepted')).record
})
beforeEach(async () => {
  const made = await createDirectory()
  closing.push(made)
  directory = made.path
})
afterAll(async () => {
  for (const each of closing) await each[Symbol.asyncDispose]()
})

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const names = (folder: 'records' | 'objects') => readdir(join(directory, folder))
/** A record of the number-th second, with a nonce of its own. */
function numbered(number: number, outcome: 'accepted' | 'refused'): VerificationRecord {
  const nonce = number.toString(16).padStart(8, '0').padEnd(64, '0')
  const { expected } = accepted
  const at = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString()
  return { ...accepted, at, outcome, expected: { ...expected, session: { ...expected.session, nonce } } }
}

/** What was thrown, which must be a RecordError. */
async function refusal(work: () => unknown): Promise<RecordError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('records', () => {
  test('are read as they were written, by their owner only', async () => {
    const path = await createRecords(directory).write(accepted)
    expect(parseRecord(await readFile(path), path)).toEqual(accepted)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await names('records')).toEqual([path.slice(join(directory, 'records/').length)])
  })

  test('written at the same time are all whole, and objects are kept once', async () => {
    const records = createRecords(directory)
    const numbers = Array.from({ length: 40 }, (_, at) => at)
    const paths = await Promise.all(numbers.map((at) => records.write(numbered(at, 'accepted'))))
    await Promise.all([...numbers, ...numbers].map((at) => records.keep(bytes(`object ${at % 4}`))))
    // Another program on the same home, such as the one that is just being replaced.
    await Promise.all(numbers.map((at) => createRecords(directory).keep(bytes(`object ${at % 4}`))))
    for (const path of paths) expect(parseRecord(await readFile(path), path).outcome).toBe('accepted')
    expect(new Set(paths).size).toBe(40)
    expect(await names('objects')).toHaveLength(4)
    for (const name of await names('objects')) expect((await readObject(directory, name)).length).toBe(8)
  })

  test('of refusals are the newest 200, and those of accepted connections all', async () => {
    const records = createRecords(directory)
    for (let at = 0; at < 20; at += 1) await records.write(numbered(at, 'accepted'))
    for (let at = 20; at < 225; at += 1) await records.write(numbered(at, 'refused'))
    const found = (await names('records')).sort()
    expect(found.filter((name) => name.endsWith('-accepted.json'))).toHaveLength(20)
    const refused = found.filter((name) => name.endsWith('-refused.json'))
    expect(refused).toHaveLength(200)
    expect(refused[0]).toContain('T000025')
    expect(refused.at(-1)).toContain('T000344')
  })

  test('of a refusal stays although the clock was set back', async () => {
    const records = createRecords(directory)
    for (let at = 100; at < 302; at += 1) await records.write(numbered(at, 'refused'))
    const path = await records.write(numbered(1, 'refused'))
    expect(parseRecord(await readFile(path), path).at).toContain('00:00:01')
    expect(await names('records')).toHaveLength(200)
  })

  test('objects that only refusals name are bounded, in number and in size, and can be read', async () => {
    const records = createRecords(directory)
    for (let at = 0; at < 210; at += 1) await records.keepRefused(bytes(`object ${at}`))
    const found = () => readdir(join(directory, 'refused-objects'))
    expect(await found()).toHaveLength(200)
    const large = (at: number) => new Uint8Array(15 * 1024 * 1024).fill(at)
    for (let at = 0; at < 10; at += 1) await records.keepRefused(large(at))
    expect((await found()).length).toBeLessThan(10)
    expect(await readObject(directory, toHex(sha256(large(9))))).toHaveLength(15 * 1024 * 1024)
  })

  test('an object that is no file is refused and not waited for', async () => {
    const digest = toHex(sha256(bytes('object')))
    await mkdir(join(directory, 'objects', digest), { recursive: true })
    const error = await refusal(() => readObject(directory, digest))
    expect(error).toMatchObject({ code: 'RECORD_OBJECT', message: expect.stringContaining('not a file') })
  })

  test('an object of an accepted connection is not kept again for a refusal', async () => {
    const records = createRecords(directory)
    const digest = await records.keep(bytes('object'))
    expect(await records.keepRefused(bytes('object'))).toBe(digest)
    await expect(readdir(join(directory, 'refused-objects'))).rejects.toThrow('ENOENT')
  })

  test('are not confused by drafts that a crash left behind', async () => {
    await mkdir(join(directory, 'records'), { recursive: true })
    await mkdir(join(directory, 'objects'))
    const draft = '.2026-01-01T000000-000Z-00000000-refused.json.draft'
    await writeFile(join(directory, 'records', draft), '{ "format": "coffer-ver')
    const digest = toHex(sha256(bytes('object')))
    await writeFile(join(directory, 'objects', `.${digest}.draft`), 'obj')
    const records = createRecords(directory)
    const path = await records.write(numbered(1, 'refused'))
    expect(await records.keep(bytes('object'))).toBe(digest)
    expect(parseRecord(await readFile(path), path).outcome).toBe('refused')
    expect(toHex(await readObject(directory, digest))).toBe(toHex(bytes('object')))
  })
})

test('an object that was cut or changed on the disk is written anew by the next program', async () => {
  const digest = await createRecords(directory).keep(bytes('object'))
  for (const damage of ['', 'obj', 'abject']) {
    await writeFile(join(directory, 'objects', digest), damage)
    await createRecords(directory).keep(bytes('object'))
    expect(Buffer.from(await readObject(directory, digest)).toString()).toBe('object')
  }
})

describe('RECORD_UNWRITABLE', () => {
  test('where the directory cannot be made; no draft stays, and a later attempt is a new one', async () => {
    await writeFile(join(directory, 'records'), 'a file in the way')
    await writeFile(join(directory, 'objects'), 'a file in the way')
    const records = createRecords(directory)
    expect((await refusal(() => records.write(accepted))).code).toBe('RECORD_UNWRITABLE')
    expect((await refusal(() => records.keep(bytes('object')))).code).toBe('RECORD_UNWRITABLE')
    for (const name of ['records', 'objects']) await rm(join(directory, name))
    await records.write(accepted)
    await records.keep(bytes('object'))
    expect(await names('objects')).toHaveLength(1)
  })

  test('where a directory has the name of the file, and without a draft left', async () => {
    const digest = toHex(sha256(bytes('object')))
    await mkdir(join(directory, 'objects', digest, 'inner'), { recursive: true })
    expect((await refusal(() => createRecords(directory).keep(bytes('object')))).code).toBe('RECORD_UNWRITABLE')
    expect(await names('objects')).toEqual([digest])
  })

  test('where writing is not allowed', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write anywhere')
    await mkdir(join(directory, 'records'))
    await chmod(join(directory, 'records'), 0o500)
    expect((await refusal(() => createRecords(directory).write(accepted))).code).toBe('RECORD_UNWRITABLE')
  })
})

describe('RECORD_OBJECT', () => {
  test('where an object is missing, changed or larger than any', async () => {
    const digest = await createRecords(directory).keep(bytes('object'))
    await writeFile(join(directory, 'objects', digest), 'abject')
    const changed = await refusal(() => readObject(directory, digest))
    expect(changed).toMatchObject({ code: 'RECORD_OBJECT', message: expect.stringContaining('another digest') })
    await writeFile(join(directory, 'objects', digest), new Uint8Array(16 * 2 ** 20 + 1))
    const large = await refusal(() => readObject(directory, digest))
    expect(large).toMatchObject({ code: 'RECORD_OBJECT', message: expect.stringContaining('16777217 bytes') })
    expect((await refusal(() => readObject(directory, 'ab'.repeat(32)))).code).toBe('RECORD_OBJECT')
  })
})

describe('RECORD_INVALID', () => {
  const cases: [string, () => Uint8Array][] = [
    ['nothing', () => bytes('')],
    ['text', () => bytes('hello')],
    ['bytes that are not UTF-8', () => Uint8Array.of(0x7b, 0xff, 0x7d)],
    ['another document', () => bytes('{ "format": "coffer-attestation-policy-v1" }')],
    ['a list', () => bytes('[]')],
    ['more than a record', () => bytes(' '.repeat(2 ** 20 + 1))],
    ['a field that is not known', () => bytes(JSON.stringify({ ...accepted, more: 1 }))],
    ['a path as the name of an object', () => withObject('../../../../etc/passwd')],
    ['a digest in capitals', () => withObject('AB'.repeat(32))],
  ]
  const withObject = (policy: string) =>
    bytes(JSON.stringify({ ...accepted, objects: { ...accepted.objects, policy } }))
  test.each(cases)('%s', async (_what, made) => {
    const error = await refusal(() => parseRecord(made(), 'record.json'))
    expect(error.code).toBe('RECORD_INVALID')
    expect(error.message).toContain('record.json')
  })

  test('any field that is missing', async () => {
    for (const key of Object.keys(accepted)) {
      const { [key]: _gone, ...rest } = Object.fromEntries(Object.entries(accepted))
      expect((await refusal(() => parseRecord(bytes(JSON.stringify(rest)), 'file'))).code).toBe('RECORD_INVALID')
    }
  })
})
