/**
 * Work that comes in pieces from many sides, a few pieces in each turn of the event loop: what arrived on all connections
 * while the program was busy would otherwise be done in one go, and keep everything else waiting.
 */
import { setImmediate } from 'node:timers/promises'

export class Turns {
  readonly #aTurn: number
  #taken = 0

  /** @param aTurn pieces in one turn */
  constructor(aTurn: number) {
    this.#aTurn = aTurn
  }

  /** Resolves when the next piece may be done, at once or in one of the next turns. */
  async next(): Promise<void> {
    while (this.#taken >= this.#aTurn) await setImmediate()
    if (this.#taken === 0) void this.#begin()
    this.#taken += 1
  }

  async #begin(): Promise<void> {
    await setImmediate()
    this.#taken = 0
  }
}
