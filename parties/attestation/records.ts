/**
 * Verification records on disk, below attestation/ in the party's home: records/ and objects/. A record is complete and
 * on the disk when `write` resolves; it is never changed. Accepted ones are never deleted by this program; of refused
 * ones the newest are kept, because whoever stands at the aggregator's address could otherwise fill the disk.
 */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { reasonOf, writeDurably } from '../files.ts'
import { RecordError } from './errors.ts'
import type { VerificationRecord } from './record.ts'

export const KEPT_REFUSALS = 200
/** Collateral with long revocation lists. */
const MAXIMUM_OBJECT_BYTES = 16 * 1024 * 1024

export interface Records {
  /** Stores bytes under their SHA-256, which it returns; bytes that are there already cost nothing. */
  keep(bytes: Uint8Array): Promise<string>
  /** Returns the path. Throws RecordError RECORD_UNWRITABLE. */
  write(record: VerificationRecord): Promise<string>
}

export function createRecords(directory: string): Records {
  const [records, objects] = [join(directory, 'records'), join(directory, 'objects')]
  const kept = new Map<string, Promise<void>>()
  return {
    keep: (bytes) =>
      writing(objects, async () => {
        const digest = toHex(sha256(bytes))
        const keeping = kept.get(digest) ?? keepObject(objects, digest, bytes)
        kept.set(digest, keeping)
        keeping.catch(() => kept.delete(digest))
        await keeping
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
  const path = join(directory, 'objects', digest)
  try {
    const { size } = await stat(path)
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
