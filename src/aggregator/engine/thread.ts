/**
 * The engine's thread: one run, one request after the other. Refusals are answered with their code; anything else ends
 * the thread, and client.ts tells everybody who waits.
 */
import { randomFillSync } from 'node:crypto'
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { EngineCore } from './core.ts'
import { failureOf, type Reply, type Request, type ThreadSetup } from './messages.ts'
import { createFileSpool } from './spool.ts'

type Add = Extract<Request, { kind: 'add' }>

/** Whether this thread was started as an engine: the measured program is one file for all of its threads. */
export function isEngineThread(): boolean {
  return !isMainThread && typeof workerData === 'object' && workerData !== null && 'cofferEngine' in workerData
}

export function serveEngine(): void {
  const { spec, restore, spoolDirectory }: ThreadSetup['cofferEngine'] = workerData.cofferEngine
  const send = (reply: Reply): void => parentPort?.postMessage(reply)
  try {
    const core = new EngineCore(
      spec,
      {
        random: (bytes) => randomFillSync(new Uint8Array(bytes)),
        createSpool: () => createFileSpool(spoolDirectory),
        now: () => performance.now(),
      },
      restore,
    )
    const bytes = {
      statistics: core.updateBytes('statistics'),
      train: core.updateBytes('train'),
      evaluate: core.updateBytes('evaluate'),
    }
    parentPort?.on('message', (request: Request) => serve(core, request, send))
    send({ kind: 'started', standing: core.standing, bytes })
  } catch (error) {
    send({ kind: 'refused', failure: failureOf(error) })
  }
}

/** Of two updates that wait, both are added in one pass: looking ahead at the queue costs nothing, and is no wait. */
function serve(core: EngineCore, request: Request, send: (reply: Reply) => void): void {
  const next: Request | undefined = request.kind === 'add' ? upcoming() : undefined
  if (request.kind === 'add' && next?.kind === 'add' && addedBoth(core, request, next)) {
    send({ kind: 'done', id: request.id })
    send({ kind: 'done', id: next.id })
    return
  }
  send(answer(core, request))
  if (next) send(answer(core, next))
}

function upcoming(): Request | undefined {
  return parentPort ? receiveMessageOnPort(parentPort)?.message : undefined
}

function addedBoth(core: EngineCore, first: Add, second: Add): boolean {
  try {
    return core.addBoth([first, second])
  } catch (error) {
    // What refuses both is told to each by `answer`.
    failureOf(error)
    return false
  }
}

function answer(core: EngineCore, request: Request): Reply {
  const { id } = request
  try {
    switch (request.kind) {
      case 'open':
        core.open(request.opening)
        return { kind: 'done', id }
      case 'add':
        core.add(request.update, request.facts)
        return { kind: 'done', id }
      case 'discard':
        core.discard()
        return { kind: 'done', id }
      case 'close': {
        const result = core.close()
        return { kind: 'done', id, closed: { result, standing: core.standing } }
      }
    }
  } catch (error) {
    return { kind: 'failed', id, failure: failureOf(error) }
  }
}
