/**
 * The event loop's end of the engine's thread: starts it, hands it work, and settles every open call, whatever ends the
 * thread. Many calls may be open; the thread serves them one after the other.
 */
import { tmpdir } from 'node:os'
import { Worker } from 'node:worker_threads'
import { AggregatorError } from '../errors.ts'
import type { Standing } from './core.ts'
import type { Engine, EngineSetting, RoundResult } from './engine.ts'
import { errorOf, type Reply, type Request, type ThreadSetup } from './messages.ts'

interface OpenCall {
  readonly settle: (result: RoundResult | undefined) => void
  readonly fail: (error: Error) => void
}

type Started = Extract<Reply, { kind: 'started' }>
type Work = Request extends infer Each ? (Each extends Request ? Omit<Each, 'id'> : never) : never

/** The thread's first file: from the sources, or the one file that the whole measured program is (main.ts). */
const workerFile = import.meta.url.endsWith('.ts')
  ? new URL('./worker-from-sources.mjs', import.meta.url)
  : new URL(import.meta.url)

/** In a worker thread. Throws LearningError for a job that cannot be run, AGGREGATION_STATE_INVALID, AGGREGATION_ENGINE. */
export async function createEngine(setting: EngineSetting, file = workerFile): Promise<Engine> {
  const { spec, restore, spoolDirectory = tmpdir() } = setting
  const setup: ThreadSetup = { cofferEngine: { spec, restore, spoolDirectory } }
  // Options of the program are for its main thread: a preloaded module would run here a second time.
  const worker = new Worker(file, { workerData: setup, execArgv: [] })
  const thread = new Calls(worker)
  const { standing, bytes } = await thread.started
  let now: Standing = standing
  thread.onClosed = (after) => {
    now = after
  }
  return {
    get model() {
      return now.model
    },
    get state() {
      return now.state
    },
    get stateDigest() {
      return now.stateDigest
    },
    updateBytes: (task) => bytes[task],
    exhausted: (task) => (task === 'train' ? now.exhausted : undefined),
    async open(opening) {
      await thread.call({ kind: 'open', opening })
    },
    async add(update, facts) {
      await thread.call({ kind: 'add', update, facts })
    },
    async close() {
      const result = await thread.call({ kind: 'close' })
      if (result) return result
      throw new AggregatorError('AGGREGATION_ENGINE', 'the engine closed a round without a result')
    },
    async discard() {
      await thread.call({ kind: 'discard' })
    },
    [Symbol.asyncDispose]: () => thread.end(),
  }
}

/** The open calls of one thread. */
class Calls {
  readonly started: Promise<Started>
  onClosed: (standing: Standing) => void = () => undefined
  readonly #worker: Worker
  readonly #open = new Map<number, OpenCall>()
  #called = 0
  #over: AggregatorError | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    this.started = new Promise<Started>((resolve, reject) => {
      const broken = (message: string, cause?: unknown): void => {
        const error = new AggregatorError('AGGREGATION_ENGINE', message, { cause })
        this.#fail(error)
        reject(error)
      }
      worker.on('message', (reply: Reply) => {
        if (reply.kind === 'started') resolve(reply)
        else if (reply.kind === 'refused') reject(errorOf(reply.failure))
        else this.#settle(reply)
      })
      worker.on('error', (cause) => broken(`the engine's thread failed: ${String(cause)}`, cause))
      worker.on('exit', (code) => broken(`the engine's thread ended by itself with exit code ${code}`))
    }).catch(async (error: unknown) => {
      await worker.terminate()
      throw error
    })
  }

  call(work: Work): Promise<RoundResult | undefined> {
    return new Promise((settle, fail) => {
      if (this.#over !== undefined) throw this.#over
      this.#called += 1
      this.#open.set(this.#called, { settle, fail })
      this.#worker.postMessage({ ...work, id: this.#called })
    })
  }

  async end(): Promise<void> {
    this.#fail(new AggregatorError('AGGREGATION_ENGINE_CLOSED', 'the engine of the run was closed'))
    await this.#worker.terminate()
  }

  #settle(reply: Extract<Reply, { kind: 'done' | 'failed' }>): void {
    const call = this.#open.get(reply.id)
    this.#open.delete(reply.id)
    if (reply.kind === 'failed') {
      call?.fail(errorOf(reply.failure))
      return
    }
    if (reply.closed) this.onClosed(reply.closed.standing)
    call?.settle(reply.closed?.result)
  }

  #fail(error: AggregatorError): void {
    this.#over ??= error
    for (const call of this.#open.values()) call.fail(this.#over)
    this.#open.clear()
  }
}
