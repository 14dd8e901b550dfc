/**
 * Trainers that a test has a hand on: what a party does when it is asked to train, whether slow, dishonest or failing. All
 * parties share one thread, so a federation of many starts as quickly as one of one.
 */
import { createTrainerPool, type Trained, type Trainer, type TrainerOptions } from '../../parties/index.ts'

export interface Training {
  readonly round: number
  /** The model that it began from. */
  readonly from: Float32Array
  readonly signal: AbortSignal
  /** What an honest party does. */
  readonly train: () => Promise<Trained>
}

/** In place of honest training. */
export type Conduct = (training: Training) => Promise<Trained>

export interface Trainers extends AsyncDisposable {
  /** By party; those that are not here are honest and quick. */
  readonly conduct: Map<string, Conduct>
  readonly of: (party: string) => (options: TrainerOptions) => Promise<Trainer>
}

export function createTrainers(): Trainers {
  const pool = createTrainerPool(1)
  const conduct = new Map<string, Conduct>()
  /** One trainer of each kind that nobody uses: a thread is closed with its last one. */
  const kept = new Map<string, Promise<Trainer>>()
  const open = (options: TrainerOptions): Promise<Trainer> => {
    const key = JSON.stringify(options)
    if (!kept.has(key)) kept.set(key, pool.open(options))
    return pool.open(options)
  }
  return {
    conduct,
    of: (party) => async (options) => {
      const trainer = await open(options)
      return {
        ...trainer,
        train(input) {
          const { seed, parameters, signal } = input
          const train = () => trainer.train(input)
          const own = conduct.get(party)
          return own ? own({ round: Number(seed.split('/').at(-1)), from: parameters, signal, train }) : train()
        },
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

/** Trains as it should, and says that it learnt `factor` times that: below 0 the opposite. */
export const scaled =
  (factor: number): Conduct =>
  async ({ from, train }) => {
    const trained = await train()
    const told = (to: number, i: number): number => {
      const began = from[i] ?? Number.NaN
      return began + factor * (to - began)
    }
    return { ...trained, parameters: trained.parameters.map(told) }
  }

/** Trains when the gate opens, in the rounds that it holds. */
export interface Gate {
  readonly conduct: Conduct
  open(): void
}

export function createGate(holds: (round: number) => boolean): Gate {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    open,
    async conduct({ round, signal, train }) {
      if (!holds(round)) return train()
      const left = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      signal.throwIfAborted()
      await Promise.race([opened, left])
      return train()
    },
  }
}
