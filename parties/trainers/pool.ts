/**
 * A few training threads for many parties of one process, as a simulation has them: a party holds a trainer as always,
 * and whichever thread is free does its work. The same input on the same backend gives the same bytes, so which thread
 * it was, and in which order the parties came, changes no result.
 *
 * Threads are kept per model, task and backend, started when there is work for them, and closed with the last trainer
 * that uses them. What may go wrong is what a trainer of one's own may meet; a thread that dies fails whoever uses it.
 */
import type { BackendName } from './backend.ts'
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts'

export interface TrainerPool extends AsyncDisposable {
  /** As `createTrainer`. */
  open(options: TrainerOptions): Promise<Trainer>
}

/** Requests that one thread has at hand: while it computes one, the next one's arrays are being copied. */
const AT_HAND = 2

interface Thread {
  readonly trainer: Promise<Trainer>
  busy: number
}

/** The threads of one model, task and backend. */
interface Shelf {
  readonly options: TrainerOptions
  readonly threads: Thread[]
  readonly waiting: (() => void)[]
  /** Trainers that use them. */
  users: number
}

/** @param threads at most so many for each model */
export function createTrainerPool(threads: number): TrainerPool {
  const shelves = new Map<string, Shelf>()

  const leave = async (key: string, shelf: Shelf): Promise<void> => {
    shelf.users -= 1
    if (shelf.users > 0) return
    if (shelves.get(key) === shelf) shelves.delete(key)
    await close(shelf)
  }
  return {
    async open(options) {
      const key = JSON.stringify([options.plan, options.task, options.backend ?? ''])
      const shelf = shelves.get(key) ?? { options, threads: [], waiting: [], users: 0 }
      shelves.set(key, shelf)
      shelf.users += 1
      try {
        const { backend } = await firstOf(shelf).trainer
        return trainerOn(shelf, backend, threads, () => leave(key, shelf))
      } catch (error) {
        await leave(key, shelf)
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      const open = [...shelves.values()]
      shelves.clear()
      await Promise.all(open.map(close))
    },
  }
}

function trainerOn(shelf: Shelf, backend: Trainer['backend'], threads: number, leave: () => Promise<void>): Trainer {
  let left: Promise<void> | undefined
  const use = async <T>(work: (trainer: Trainer) => Promise<T>): Promise<T> => {
    const thread = await freeThread(shelf, threads, backend.name)
    try {
      return await work(await thread.trainer)
    } finally {
      thread.busy -= 1
      shelf.waiting.shift()?.()
    }
  }
  return {
    backend,
    train: (input) => use((trainer) => trainer.train(input)),
    predict: (input) => use((trainer) => trainer.predict(input)),
    evaluate: (input) => use((trainer) => trainer.evaluate(input)),
    [Symbol.asyncDispose]() {
      left ??= leave()
      return left
    },
  }
}

const firstOf = (shelf: Shelf): Thread => shelf.threads[0] ?? addThread(shelf, shelf.options)

function addThread(shelf: Shelf, options: TrainerOptions): Thread {
  const thread: Thread = { trainer: createTrainer(options), busy: 0 }
  shelf.threads.push(thread)
  // Who asked for it is told; one that did not start is no thread.
  thread.trainer.catch(() => shelf.threads.splice(shelf.threads.indexOf(thread), 1))
  return thread
}

/** Counted as busy already. `backend`: of the first thread, for all of them must compute alike. */
async function freeThread(shelf: Shelf, threads: number, backend: BackendName): Promise<Thread> {
  for (;;) {
    const thread = idlest(shelf, threads, backend)
    if (thread.busy < AT_HAND) {
      thread.busy += 1
      return thread
    }
    await new Promise<void>((resolve) => shelf.waiting.push(resolve))
  }
}

function idlest(shelf: Shelf, threads: number, backend: BackendName): Thread {
  const least = shelf.threads.reduce((a, b) => (b.busy < a.busy ? b : a), firstOf(shelf))
  const more = least.busy > 0 && shelf.threads.length < threads
  return more ? addThread(shelf, { ...shelf.options, backend }) : least
}

async function close({ threads }: Shelf): Promise<void> {
  const started = await Promise.allSettled(threads.map(({ trainer }) => trainer))
  await Promise.all(started.map((each) => each.status === 'fulfilled' && each.value[Symbol.asyncDispose]()))
}
