/**
 * One log of a run, read back. Frames follow each other:
 *   u32 length of the ciphertext | u32 CRC-32 of those four bytes | ciphertext | tag
 * with big-endian numbers. The number of a frame is its nonce, so that none can be left out or moved.
 *
 * A writer adds one frame, waits until it is durable, and only then adds the next. So whatever a crash leaves, on any
 * disk, is a torn frame at the end at most; and only in the newest log, since a log is made whole before another one is
 * begun. A torn frame was promised to nobody and is left out. Anything else that does not fit is damage and refused.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { equalBytes } from '../../crypto/index.ts'
import type { Disk, DiskReader } from './disk.ts'
import { type Entry, parseEntries } from './entries.ts'
import { damaged, onDisk } from './failure.ts'
import { type FileSealing, TAG_BYTES } from './sealing.ts'
import { draftName } from './state-file.ts'

/** What one frame holds at most: a group, which has one record at least. */
export const MAXIMUM_GROUP_BYTES = 4 * 1024 * 1024
/** 10,000 rounds of 400 parties; a log is read into memory as a whole. */
export const MAXIMUM_LOG_BYTES = 1024 ** 3
export const FRAME_BYTES = 8 + TAG_BYTES
const HEAD_BYTES = 8
const WINDOW_BYTES = 1024 * 1024
/** Of some 15 microseconds each. */
const FRAMES_A_TURN = 256

export interface LogContent {
  readonly entries: readonly Entry[]
  /** Bytes of whole frames; 0: not even the opening. */
  readonly end: number
  readonly size: number
  /** What the next log's opening names: SHA-256 of the link before and the whole frames. */
  readonly link: Uint8Array
}

export interface LogPlace {
  readonly disk: Disk
  readonly directory: string
  readonly name: string
  readonly sealing: FileSealing
}

/** @param link of what came before @param newest the only one that may be torn. Throws _STATE_DISK, _STATE_DAMAGED */
export async function readLog(place: LogPlace, link: Uint8Array, newest: boolean): Promise<LogContent> {
  const path = join(place.directory, place.name)
  return onDisk('read', path, async () => {
    const reader = await place.disk.read(path)
    try {
      if (reader.size > MAXIMUM_LOG_BYTES) throw damaged(path, `it has ${reader.size} bytes, more than any log`)
      return await readFrames(new Frames(reader, place.sealing, path), link, newest)
    } finally {
      await reader.close()
    }
  })
}

async function readFrames(frames: Frames, link: Uint8Array, newest: boolean): Promise<LogContent> {
  const hash = createHash('sha256').update(link)
  const entries: Entry[] = []
  const { path, size } = frames
  let end = 0
  for (let index = 0; ; index += 1) {
    // Most frames are in memory already: without this a long log would keep everything else waiting.
    if (index % FRAMES_A_TURN === 0) await setImmediate()
    const frame = await frames.next(end, index)
    if (frame === 'end') break
    if (frame === 'torn' && newest) break
    if (frame === 'torn' || frame === 'damaged') {
      throw damaged(path, `byte ${end} and those after it are not what was written`)
    }
    if (index === 0) requireLink(frame.plain, link, path)
    else entries.push(...requireEntries(frame.plain, path, end))
    hash.update(frame.sealed)
    end += frame.sealed.length
  }
  return { entries, end, size, link: new Uint8Array(hash.digest()) }
}

function requireLink(found: Uint8Array, link: Uint8Array, path: string): void {
  if (equalBytes(found, link)) return
  throw damaged(path, 'it does not continue what is found of the run before it')
}

function requireEntries(group: Uint8Array, path: string, at: number): Entry[] {
  const entries = parseEntries(group)
  if (entries !== undefined) return entries
  throw damaged(path, `byte ${at}: the record has a form that is not known here`)
}

interface Frame {
  readonly plain: Uint8Array
  readonly sealed: Uint8Array
}

class Frames {
  readonly size: number
  readonly path: string
  readonly #reader: DiskReader
  readonly #sealing: FileSealing
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  constructor(reader: DiskReader, sealing: FileSealing, path: string) {
    this.size = reader.size
    this.path = path
    this.#reader = reader
    this.#sealing = sealing
  }

  async next(at: number, index: number): Promise<Frame | 'end' | 'torn' | 'damaged'> {
    const rest = this.size - at
    if (rest === 0) return 'end'
    if (rest < HEAD_BYTES) return 'torn'
    const length = readHead(await this.#bytes(at, HEAD_BYTES), 0)
    if (length === undefined) return this.#judgeTail(at)
    const whole = FRAME_BYTES + length
    if (rest < whole) return 'torn'
    const sealed = await this.#bytes(at, whole)
    const plain = this.#sealing.open(index, sealed.subarray(HEAD_BYTES))
    if (plain !== undefined) return { plain, sealed }
    return rest === whole ? 'torn' : 'damaged'
  }

  /** A frame that lost its first bytes is torn where it can be the last one: short enough, and no frame follows. */
  async #judgeTail(at: number): Promise<'torn' | 'damaged'> {
    const rest = this.size - at
    if (rest > FRAME_BYTES + MAXIMUM_GROUP_BYTES) return 'damaged'
    const tail = await this.#bytes(at, rest)
    for (let from = 1; from + FRAME_BYTES <= rest; from += 1) {
      const length = readHead(tail, from)
      if (length !== undefined && from + FRAME_BYTES + length <= rest) return 'damaged'
    }
    return 'torn'
  }

  async #bytes(at: number, length: number): Promise<Buffer> {
    const end = this.#windowAt + this.#window.length
    if (at < this.#windowAt || at + length > end) {
      const most = Math.min(this.size - at, Math.max(length, WINDOW_BYTES))
      const bytes = await this.#reader.read(at, most)
      this.#window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      this.#windowAt = at
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + length)
  }
}

/** The length, or undefined where the eight bytes begin no frame. */
function readHead(bytes: Buffer, at: number): number | undefined {
  const length = bytes.readUInt32BE(at)
  if (length > MAXIMUM_GROUP_BYTES) return undefined
  return bytes.readUInt32BE(at + 4) === crc32(bytes.subarray(at, at + 4)) ? length : undefined
}

/** @param index of the frame in its file */
export function sealFrame(sealing: FileSealing, index: number, plain: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(plain.length, 0)
  head.writeUInt32BE(crc32(head.subarray(0, 4)), 4)
  return Buffer.concat([head, sealing.seal(index, plain)])
}

/**
 * Writes the whole frames of a log again, in its place. What a reader finds may be in memory only (a process was
 * killed between write and fsync, or an fsync failed); before anything rests on it, it has to be on the disk.
 */
export async function rewriteLog({ disk, directory, name }: Omit<LogPlace, 'sealing'>, end: number): Promise<void> {
  const path = join(directory, name)
  const draft = draftName(path)
  await onDisk('written', path, async () => {
    const reader = await disk.read(path)
    try {
      // One may be left of an opening that was cut short here.
      await disk.remove(draft)
      const file = await disk.create(draft)
      try {
        for (let at = 0; at < end; at += WINDOW_BYTES) {
          await file.append(await reader.read(at, Math.min(WINDOW_BYTES, end - at)))
        }
        await file.sync()
      } finally {
        await file.close()
      }
    } finally {
      await reader.close()
    }
    await disk.rename(draft, path)
    await disk.syncDirectory(directory)
  })
}
