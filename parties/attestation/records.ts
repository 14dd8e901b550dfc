/**
 * Verification records on disk, below attestation/ in the party's home: records/ and objects/. A record is complete and
 * on the disk when `write` resolves; it is never changed. Accepted ones are never deleted by this program; of refused
 * ones the newest are kept, because whoever stands at the aggregator's address could otherwise fill the disk.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, toHex } from '../../src/crypto/index.ts'
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
        if (record.outcome === 'refused') await forgetOldRefusals(records)
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
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RecordError('RECORD_OBJECT', `${path}: ${why}`, { cause })
  }
}

async function keepObject(objects: string, digest: string, bytes: Uint8Array): Promise<void> {
  await mkdir(objects, { recursive: true, mode: 0o700 })
  const { size } = await stat(join(objects, digest)).catch(() => ({ size: -1 }))
  if (size !== bytes.length) await writeDurably(objects, digest, bytes)
}

/** Under a name of its own first: a crash leaves a whole file or none. */
async function writeDurably(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const draft = join(directory, `.${name}.${randomUUID()}`)
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(draft, join(directory, name))
  const parent = await open(directory, 'r')
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
}

async function forgetOldRefusals(records: string): Promise<void> {
  const refusals = (await readdir(records)).filter((name) => name.endsWith('-refused.json')).sort()
  for (const name of refusals.slice(0, -KEPT_REFUSALS)) await rm(join(records, name), { force: true })
}

async function writing<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RecordError('RECORD_UNWRITABLE', `the verification record in ${where} could not be written: ${why}`, {
      cause,
    })
  }
}
