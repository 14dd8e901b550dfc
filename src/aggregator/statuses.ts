/**
 * What an upload's sender is told. Whoever does not listen must not hold the upload up, and what is said to him must not
 * pile up: of several offsets that have not been sent yet the last one is enough.
 */
import type { UploadStatus } from '../rpc/index.ts'

export class Statuses implements AsyncIterable<UploadStatus> {
  readonly #said: UploadStatus[] = []
  #end: { readonly error: unknown } | 'over' | undefined
  #wake: () => void = () => undefined

  say(status: UploadStatus): void {
    if (status.kind === 'progress' && this.#said.at(-1)?.kind === 'progress') this.#said.pop()
    this.#said.push(status)
    this.#wake()
  }

  /** What was said before is still heard. */
  end(): void {
    this.#end ??= 'over'
    this.#wake()
  }

  fail(error: unknown): void {
    this.#end ??= { error }
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<UploadStatus> {
    for (;;) {
      const next = this.#said.shift()
      if (next) yield next
      else if (this.#end === 'over') return
      else if (this.#end) throw this.#end.error
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
