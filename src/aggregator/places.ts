/**
 * Places for uploads: a first-in, first-out queue in front of a limited amount of memory, all runs together. What the
 * aggregator holds of updates on their way is bounded by it, however many parties there are.
 */
export interface Budget {
  readonly bytes: number
  readonly uploads: number
}

export interface Place {
  /** Gives the place back; a second time does nothing. */
  free(): void
}

interface Waiting {
  readonly bytes: number
  readonly enter: (place: Place) => void
}

export class Places {
  readonly #budget: Budget
  readonly #reclaim: () => boolean
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #uploads = 0
  #admitting = false

  /** @param reclaim called when the next in turn does not fit: frees a place that nobody uses, or says that there is none */
  constructor(budget: Budget, reclaim: () => boolean = () => false) {
    this.#budget = budget
    this.#reclaim = reclaim
  }

  /** Resolves in turn; rejects with the signal's reason. What is larger than the whole budget is let in alone. */
  take(bytes: number, signal: AbortSignal): Promise<Place> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.reason)
        this.admit()
      }
      const waiting: Waiting = {
        bytes,
        enter: (place) => {
          signal.removeEventListener('abort', leave)
          resolve(place)
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiting)
      this.admit()
    })
  }

  /** Lets in whoever is next and fits: to be called when there may be something to reclaim. */
  admit(): void {
    // Reclaiming frees a place, which would begin this anew in the middle.
    if (this.#admitting) return
    this.#admitting = true
    for (let next = this.#waiting[0]; next && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.enter(this.#place(next.bytes))
    }
    this.#admitting = false
  }

  #hasRoom(bytes: number): boolean {
    while (!this.#fits(bytes)) if (!this.#reclaim()) return this.#fits(bytes)
    return true
  }

  #fits(bytes: number): boolean {
    if (this.#uploads === 0) return true
    return this.#uploads < this.#budget.uploads && this.#bytes + bytes <= this.#budget.bytes
  }

  #place(bytes: number): Place {
    this.#bytes += bytes
    this.#uploads += 1
    let held = true
    return {
      free: () => {
        if (!held) return
        held = false
        this.#bytes -= bytes
        this.#uploads -= 1
        this.admit()
      },
    }
  }
}
