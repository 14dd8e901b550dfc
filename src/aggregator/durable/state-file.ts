/**
 * One state, sealed: 16 bytes that name the format, u64 length, then chunks of 1 MiB, each with its tag; the last one is
 * marked as such in its nonce, so that a file that was cut, or continued, or has chunks in another order, is refused.
 * A chunk takes less than a millisecond to seal, and each is written by the thread pool, so nothing else waits.
 */
import { join } from 'node:path'
import { damaged, diskFailure, onDisk, oversized } from './failure.ts'
import type { Disk, DiskFile } from './disk.ts'
import { type FileSealing, type RunSealing, TAG_BYTES } from './sealing.ts'

/** What a typed array holds in Node 20. */
const MAXIMUM_STATE_BYTES = 2 ** 32 - 1
const CHUNK_BYTES = 1024 * 1024
const FORMAT = Buffer.from('coffer-state-v1\n')
const HEAD_BYTES = FORMAT.length + 8

/** Where a state lies: the run's directory, and by which epoch it was made. */
export interface StatePlace {
  readonly directory: string
  readonly round: number
  readonly epoch: string
}

export const stateName = ({ round, epoch }: Omit<StatePlace, 'directory'>): string => `state-${round}-${epoch}`
export const draftName = (name: string): string => `${name}.draft`
export const isDraft = (name: string): boolean => name.endsWith('.draft')

/** Durable under its name when it resolves. Throws AGGREGATION_STATE_DISK and _SIZE. */
export async function writeState(disk: Disk, sealing: RunSealing, place: StatePlace, state: Uint8Array): Promise<void> {
  if (state.length > MAXIMUM_STATE_BYTES) throw oversized('the state of a run', state.length, MAXIMUM_STATE_BYTES)
  const name = stateName(place)
  const path = join(place.directory, name)
  const draft = join(place.directory, draftName(name))
  await onDisk('written', path, async () => {
    try {
      const file = await disk.create(draft)
      try {
        await writeChunks(file, sealing.state(name, place.epoch, place.round, state.length), state)
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (error) {
      // On a full disk it takes the room that others need to go on.
      const [removal] = await Promise.allSettled([disk.remove(draft)])
      if (removal.status === 'fulfilled') throw error
      throw diskFailure(error, `written, and its draft not removed (${removal.reason})`, path)
    }
    await disk.rename(draft, path)
    await disk.syncDirectory(place.directory)
  })
}

async function writeChunks(file: DiskFile, sealing: FileSealing, state: Uint8Array): Promise<void> {
  const head = Buffer.concat([FORMAT, Buffer.alloc(8)])
  head.writeBigUInt64BE(BigInt(state.length), FORMAT.length)
  await file.append(head)
  const count = chunkCount(state.length)
  for (let index = 0; index < count; index += 1) {
    const chunk = state.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    await file.append(sealing.seal(index, chunk, index === count - 1))
  }
}

/** An empty state has one chunk, the last. */
const chunkCount = (length: number): number => Math.max(1, Math.ceil(length / CHUNK_BYTES))

/** In shared memory. Throws AGGREGATION_STATE_DISK and _DAMAGED. */
export async function readState(disk: Disk, sealing: RunSealing, place: StatePlace): Promise<Uint8Array> {
  const name = stateName(place)
  const path = join(place.directory, name)
  return onDisk('read', path, async () => {
    const reader = await disk.read(path)
    try {
      const head = Buffer.from(await reader.read(0, Math.min(HEAD_BYTES, reader.size)))
      if (head.length < HEAD_BYTES || !head.subarray(0, FORMAT.length).equals(FORMAT)) {
        throw damaged(path, 'it does not begin as a state does')
      }
      const length = Number(head.readBigUInt64BE(FORMAT.length))
      const expected = HEAD_BYTES + length + chunkCount(length) * TAG_BYTES
      if (length > MAXIMUM_STATE_BYTES || reader.size !== expected) {
        throw damaged(path, `it has ${reader.size} bytes, expected ${expected}`)
      }
      const file = sealing.state(name, place.epoch, place.round, length)
      const state = new Uint8Array(new SharedArrayBuffer(length))
      for (let index = 0, at = HEAD_BYTES; index < chunkCount(length); index += 1) {
        const bytes = Math.min(CHUNK_BYTES, length - index * CHUNK_BYTES) + TAG_BYTES
        const chunk = file.open(index, await reader.read(at, bytes), index === chunkCount(length) - 1)
        if (chunk === undefined) throw damaged(path, `byte ${at} and those after it are not what was written`)
        state.set(chunk, index * CHUNK_BYTES)
        at += bytes
      }
      return state
    } finally {
      await reader.close()
    }
  })
}
