/**
 * Verification records on disk, below attestation/ in the party's home: records/ and objects/. A record is complete and
 * on the disk when `write` resolves; it is never changed. Accepted ones are never deleted by this program; of refused
 * ones the newest are kept, because whoever stands at the aggregator's address could otherwise fill the disk; and so it
 * is with collateral that only refusals name, in refused-objects/, since its source is not trusted either.
 */
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { reasonOf, writeDurably } from '../files.ts'
import { RecordError } from './errors.ts'
import type { VerificationRecord } from './record.ts'

export const KEPT_REFUSALS = 200
/** Collateral with long revocation lists. */
const MAXIMUM_OBJECT_BYTES = 16 * 1024 * 1024
/** Of all objects that only refusals name. */
const MAXIMUM_REFUSED_BYTES = 128 * 1024 * 1024
const REFUSED_OBJECTS = 'refused-objects'

export interface Records {
  /** Stores bytes under their SHA-256, which it returns; bytes that are there already cost nothing. */
  keep(bytes: Uint8Array): Promise<string>
  /** The same for what a refusal rests on: of that the newest stay. */
  keepRefused(bytes: Uint8Array): Promise<string>
  /** Returns the path. Throws RecordError RECORD_UNWRITABLE. */
  write(record: VerificationRecord): Promise<string>
}

export function createRecords(directory: string): Records {
  const [records, objects] = [join(directory, 'records'), join(directory, 'objects')]
  const refused = join(directory, REFUSED_OBJECTS)
  const kept = new Map<string, Promise<void>>()
  return {
    keep: (bytes) =>
      writing(objects, async () => {
        const digest = toHex(sha256(bytes))
        const keeping = kept.get(digest) ?? keepObject(objects, digest, bytes)
        kept.set(digest, keeping)
        // Only while it is being written: an operator may take old objects away at any time.
        const over = () => void kept.delete(digest)
        keeping.then(over, over)
        await keeping
        return digest
      }),
    keepRefused: (bytes) =>
      writing(refused, async () => {
        const digest = toHex(sha256(bytes))
        if (await isWhole(join(objects, digest), digest, bytes.length)) return digest
        await keepObject(refused, digest, bytes)
        const now = new Date()
        await utimes(join(refused, digest), now, now)
        await forgetOldObjects(refused, digest)
        return digest
      }),
    write: (record) =>
      writing(records, async () => {
        await mkdir(records, { recursive: true, mode: 0o700 })
        const time = record.at.replaceAll(':', '').replace('.', '-')
        const name = `${time}-${record.expected.session.nonce.slice(0, 8)}-${record.outcome}.json`
        await writeDurably(records, name, Buffer.from(`${JSON.stringify(record, null, 2)}\n`))
        if (record.outcome === 'refused') await forgetOldRefusals(records, name)
        return join(records, name)
      }),
  }
}

/** An object that a record names, checked against its name. Throws RecordError RECORD_OBJECT. */
export async function readObject(directory: string, digest: string): Promise<Uint8Array> {
  const [kept, refused] = [join(directory, 'objects', digest), join(directory, REFUSED_OBJECTS, digest)]
  const path = await stat(kept).then(
    () => kept,
    () =>
      stat(refused).then(
        () => refused,
        () => kept,
      ),
  )
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw new Error('it is not a file')
    const { size } = facts
    if (size > MAXIMUM_OBJECT_BYTES) throw new Error(`it has ${size} bytes, at most ${MAXIMUM_OBJECT_BYTES}`)
    const bytes = new Uint8Array(await readFile(path))
    if (toHex(sha256(bytes)) !== digest) throw new Error('its content has another digest: it was changed')
    return bytes
  } catch (cause) {
    throw new RecordError('RECORD_OBJECT', `${path}: ${reasonOf(cause)}`, { cause })
  }
}

async function keepObject(objects: string, digest: string, bytes: Uint8Array): Promise<void> {
  await mkdir(objects, { recursive: true, mode: 0o700 })
  if (!(await isWhole(join(objects, digest), digest, bytes.length))) await writeDurably(objects, digest, bytes)
}

/** A damaged one is written anew; one of another size is not read at all. */
async function isWhole(path: string, digest: string, length: number): Promise<boolean> {
  const { size } = await stat(path).catch(() => ({ size: -1 }))
  return size === length && toHex(sha256(new Uint8Array(await readFile(path)))) === digest
}

/** `newest` stays in any case: after a clock was set back its name comes before the others. */
async function forgetOldRefusals(records: string, newest: string): Promise<void> {
  const isOther = (name: string) => name.endsWith('-refused.json') && name !== newest
  const others = (await readdir(records)).filter(isOther).sort()
  for (const name of others.slice(0, 1 - KEPT_REFUSALS)) await rm(join(records, name), { force: true })
}

/** The newest, up to a number and a size; another process may remove some meanwhile. */
async function forgetOldObjects(refused: string, newest: string): Promise<void> {
  const others = (await readdir(refused)).filter((name) => name !== newest)
  const looked = await Promise.all(
    others.map(async (name) => {
      const { size, mtimeMs } = await stat(join(refused, name)).catch(() => ({ size: 0, mtimeMs: 0 }))
      return { name, size, mtimeMs }
    }),
  )
  let [count, bytes] = [1, (await stat(join(refused, newest)).catch(() => ({ size: 0 }))).size]
  for (const { name, size } of looked.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    count += 1
    bytes += size
    if (count > KEPT_REFUSALS || bytes > MAXIMUM_REFUSED_BYTES) await rm(join(refused, name), { force: true })
  }
}

async function writing<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new RecordError(
      'RECORD_UNWRITABLE',
      `the verification record in ${where} could not be written: ${reasonOf(cause)}`,
      {
        cause,
      },
    )
  }
}
