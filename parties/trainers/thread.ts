/**
 * The trainer's end of the training thread: starts it, hands it work, and settles every open call, whatever ends the
 * thread. Many calls may be open; the thread serves them one after the other.
 */
import { Worker } from 'node:worker_threads'
import type { Backend } from './backend.ts'
import { TrainerError } from './errors.ts'
import type { Outcome, Reply, ThreadSetup, Work } from './messages.ts'

export interface Thread {
  readonly backend: Backend
  /** An aborted call rejects with the signal's reason, after the batch that is being computed. */
  run(work: Work, signal: AbortSignal, progress?: (share: number) => void): Promise<Outcome>
  close(): Promise<void>
}

interface OpenCall {
  readonly settle: (outcome: Outcome) => void
  readonly fail: (error: TrainerError) => void
  readonly progress: ((share: number) => void) | undefined
}

/** The thread's first file: from the sources, or beside the bundle. */
const workerFile = import.meta.url.endsWith('.ts')
  ? new URL('./worker-from-sources.mjs', import.meta.url)
  : new URL('./worker.js', import.meta.url)

/** Throws TRAINER_BACKEND, TRAINER_FAILED. */
export async function startThread(setup: ThreadSetup, file = workerFile): Promise<Thread> {
  const worker = createWorker(setup, file)
  const calls = new Map<number, OpenCall>()
  let over: TrainerError | undefined
  const end = (error: TrainerError): void => {
    over ??= error
    for (const call of calls.values()) call.fail(over)
    calls.clear()
  }
  const backend = await started(worker, calls, end)
  let called = 0
  let closed: Promise<unknown> | undefined
  return {
    backend,
    run: (work, signal, progress) =>
      new Promise<Outcome>((resolve, reject) => {
        signal.throwIfAborted()
        if (over !== undefined) throw over
        called += 1
        const stop = new Int32Array(new SharedArrayBuffer(4))
        const abort = () => Atomics.store(stop, 0, 1)
        const settled = () => signal.removeEventListener('abort', abort)
        signal.addEventListener('abort', abort, { once: true })
        calls.set(called, {
          progress,
          fail(error) {
            settled()
            reject(error)
          },
          settle(outcome) {
            settled()
            if (outcome.kind === 'stopped') reject(signal.reason)
            else if (outcome.kind === 'failed') reject(new TrainerError(outcome.code, outcome.message))
            else resolve(outcome)
          },
        })
        worker.postMessage({ ...work, id: called, stop })
      }),
    async close() {
      end(new TrainerError('TRAINER_CLOSED', 'the trainer was closed'))
      closed ??= worker.terminate()
      await closed
    },
  }
}

function createWorker(workerData: ThreadSetup, file: URL): Worker {
  // stdout belongs to the program (`--json`); what a library prints in the thread goes to stderr.
  const worker = new Worker(file, { workerData, stdout: true, execArgv: [] })
  worker.stdout.on('data', (text) => process.stderr.write(text))
  return worker
}

/** Listens to the thread for all of its life; resolves when it is ready to work. */
function started(worker: Worker, calls: Map<number, OpenCall>, end: (error: TrainerError) => void): Promise<Backend> {
  return new Promise<Backend>((resolve, reject) => {
    worker.on('message', (reply: Reply) => {
      if (reply.kind === 'started') resolve(reply.backend)
      else if (reply.kind === 'refused') reject(new TrainerError(reply.code, reply.message))
      else if (reply.kind === 'progress') calls.get(reply.id)?.progress?.(reply.share)
      else {
        calls.get(reply.id)?.settle(reply.outcome)
        calls.delete(reply.id)
      }
    })
    const broken = (message: string, cause?: unknown): void => {
      const error = new TrainerError('TRAINER_FAILED', message, { cause })
      end(error)
      reject(error)
    }
    worker.on('error', (cause) => broken(`the training thread failed: ${String(cause)}`, cause))
    worker.on('exit', (code) => broken(`the training thread ended by itself with exit code ${code}`))
  }).catch(async (error: unknown) => {
    await worker.terminate()
    throw error
  })
}
