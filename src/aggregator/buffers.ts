/**
 * Shared memory for updates, used again and again. The runtime does not count shared memory among what it collects:
 * with a new buffer for each update, a process that has taken a thousand of them holds a thousand.
 */
export class Buffers {
  readonly #budget: number
  /** Smallest first. */
  #free: SharedArrayBuffer[] = []
  #total = 0

  /** @param budgetBytes of all buffers together; one that is larger is made nevertheless, when nothing else is left. */
  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  /** Bytes of any content. The buffer behind them may be longer. */
  take(length: number): Uint8Array<SharedArrayBuffer> {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= length)
    const [known] = at < 0 ? [] : this.#free.splice(at, 1)
    return new Uint8Array(known ?? this.#make(length), 0, length)
  }

  /** Nobody may look at the bytes any more. */
  give({ buffer }: Uint8Array<SharedArrayBuffer>): void {
    this.#free = [...this.#free, buffer].sort((a, b) => a.byteLength - b.byteLength)
  }

  /** Lets go of what is not in use. */
  clear(): void {
    for (const { byteLength } of this.#free) this.#total -= byteLength
    this.#free = []
  }

  /** The smallest go first: they are of no use to the update that could not do with them, and made again cheaply. */
  #make(length: number): SharedArrayBuffer {
    while (this.#total + length > this.#budget) {
      const smallest = this.#free.shift()
      if (smallest === undefined) break
      this.#total -= smallest.byteLength
    }
    this.#total += length
    return new SharedArrayBuffer(length)
  }
}
