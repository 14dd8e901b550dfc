/**
 * A trainer that does not train: for measuring how the system carries many parties and large models. Its updates have
 * the size and about the scale of real ones, its predictions are drawn, and all of it follows from the seed of each call,
 * so that sums and digests are as repeatable as with training.
 */
import type { createTrainer, Trainer } from '../../../parties/index.ts'
import { createRandom } from '../../crypto/index.ts'
import { exactMetrics, metricsUpdate, type TaskSpec, taskOutput } from '../../learning/index.ts'
import type { Turns } from './turns.ts'

/** Numbers drawn once; each update is a run of them from a place of its own: drawing 10^7 for each would take a second. */
const DRAWN = 1 << 16
/** Of an early round of a small network at a learning rate of 0.01. */
const DEVIATION = 0.01

export function createMadeUpTrainers(seed: number, turns: Turns): typeof createTrainer {
  const random = createRandom(`made-up updates ${seed}`)
  const drawn = Float32Array.from({ length: DRAWN }, () => DEVIATION * random.normal())
  return async ({ task }) => trainerOf(task, drawn, turns)
}

function trainerOf(task: TaskSpec, drawn: Float32Array, turns: Turns): Trainer {
  return {
    backend: { name: 'cpu', why: 'trains nothing: its updates are made up' },
    async train({ parameters, rows, training, seed, signal }) {
      await turns.next()
      signal.throwIfAborted()
      const from = createRandom(seed).below(DRAWN)
      const trained = new Float32Array(parameters.length)
      for (let i = 0; i < trained.length; i += 1) {
        trained[i] = (parameters[i] ?? 0) + (drawn[(from + i) & (DRAWN - 1)] ?? 0)
      }
      return { parameters: trained, loss: Math.LN2, steps: training.epochs * Math.ceil(rows / training.batch) }
    },
    predict: async ({ rows }) => predictions(task, rows),
    async evaluate({ labels, rows }) {
      await turns.next()
      const predicted = predictions(task, rows)
      return { metrics: exactMetrics(task, predicted, labels), totals: metricsUpdate(task, predicted, labels) }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Every class as likely as the others: a probability that says nothing. */
function predictions(task: TaskSpec, rows: number): Float32Array {
  const { outputs } = taskOutput(task)
  return new Float32Array(rows * outputs).fill(outputs === 1 ? 0.5 : 1 / outputs)
}
