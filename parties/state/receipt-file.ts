/**
 * The receipts of a run in one file that only grows: length (u32), CRC-32 and sealed bytes of each. Every one was
 * checked before it was kept, so that reading them again only has to find what a crash or a person did to the file: an
 * incomplete last one is as if it had not been written, anything else that is not one chain is damage.
 */
import { crc32 } from 'node:zlib'
import { type ParsedReceipt, parseReceipt, type Receipt } from '../../src/ledger/index.ts'
import type { Disk } from './disk.ts'
import { damaged } from './framed.ts'

/** Length and CRC-32. */
const HEAD_BYTES = 8
const FILE = 'receipts'
/**
 * Kept in memory too, the newest and as many before it as this allows: whoever reads a round's receipt need not read the
 * whole file. One among 1,024 parties has 180 kB.
 */
const RECENT_BYTES = 256 * 1024
/** 10,002 rounds among 1,024 parties, each the length of a receipt. */
const MAXIMUM_FILE_BYTES = 2 * 2 ** 30

export interface KeptReceipts {
  readonly count: number
  /** Without its updates, which would take more memory than its bytes, for as long as the run lasts. */
  readonly last:
    | (Pick<ParsedReceipt, 'sealed' | 'hash'> & Pick<Receipt, 'epoch' | 'policyDigest' | 'modelAfter'>)
    | undefined
  /** Epochs that a later one followed: they never come back. */
  readonly endedEpochs: ReadonlySet<string>
}

export class ReceiptFile {
  readonly #disk: Disk
  readonly #directory: string
  #end = 0
  #count = 0
  #last: KeptReceipts['last']
  readonly #endedEpochs = new Set<string>()
  /** The newest, sealed. */
  readonly #recent: Uint8Array[] = []
  #recentBytes = 0

  private constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  /** @param seen called with each receipt that is there. Throws STATE_DAMAGED, STATE_UNREADABLE. */
  static async open(disk: Disk, directory: string, seen: (receipt: Receipt) => void): Promise<ReceiptFile> {
    const file = new ReceiptFile(disk, directory)
    const bytes = (await disk.read(directory, FILE, MAXIMUM_FILE_BYTES)) ?? new Uint8Array(0)
    for (const sealed of frames(bytes)) seen(file.#accept(file.#parse(sealed)))
    return file
  }

  get kept(): KeptReceipts {
    return { count: this.#count, last: this.#last, endedEpochs: this.#endedEpochs }
  }

  /** The receipts from number `from` on, as they came. */
  async read(from: number): Promise<Uint8Array[]> {
    const before = this.#count - this.#recent.length
    if (from >= before) return this.#recent.slice(from - before)
    const bytes = (await this.#disk.read(this.#directory, FILE, MAXIMUM_FILE_BYTES)) ?? new Uint8Array(0)
    return [...frames(bytes.subarray(0, this.#end))].slice(from)
  }

  /** Durable when it resolves. Throws STATE_UNWRITABLE, and is as if it had not been called. */
  async append(parsed: ParsedReceipt): Promise<void> {
    const { sealed } = parsed
    const frame = new Uint8Array(HEAD_BYTES + sealed.length)
    const head = new DataView(frame.buffer)
    head.setUint32(0, sealed.length)
    head.setUint32(4, crc32(sealed))
    frame.set(sealed, HEAD_BYTES)
    await this.#disk.append(this.#directory, FILE, this.#end, frame)
    this.#accept(parsed)
  }

  #accept(parsed: ParsedReceipt): Receipt {
    const { receipt, sealed, hash } = parsed
    const before = this.#last
    if (receipt.previous !== (before?.hash ?? null)) {
      throw damaged(`${this.#directory}/${FILE}`, `receipt ${this.#count} does not continue the one before`)
    }
    if (before !== undefined && before.epoch !== receipt.epoch) this.#endedEpochs.add(before.epoch)
    const { epoch, policyDigest, modelAfter } = receipt
    this.#last = { sealed, hash, epoch, policyDigest, modelAfter }
    this.#recent.push(sealed)
    this.#recentBytes += sealed.length
    while (this.#recent.length > 1 && this.#recentBytes > RECENT_BYTES) {
      this.#recentBytes -= this.#recent.shift()?.length ?? 0
    }
    this.#count += 1
    this.#end += HEAD_BYTES + sealed.length
    return receipt
  }

  #parse(sealed: Uint8Array): ParsedReceipt {
    try {
      return parseReceipt(sealed)
    } catch (cause) {
      throw damaged(`${this.#directory}/${FILE}`, `receipt ${this.#count} is none`, cause)
    }
  }
}

/** Ends before a last one that is cut, or was not written whole: a crash leaves any bytes there. Throws STATE_DAMAGED. */
function* frames(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const length = view.getUint32(at)
    const end = at + HEAD_BYTES + length
    const sealed = bytes.slice(at + HEAD_BYTES, end)
    const whole = length > 0 && end <= bytes.length && crc32(sealed) === view.getUint32(at + 4)
    if (!whole && (length === 0 || end >= bytes.length)) return
    if (!whole) throw damaged(FILE, `what begins at byte ${at} was changed`)
    yield sealed
    at = end
  }
}
