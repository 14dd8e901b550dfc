/**
 * The calls that a server is answering, and how they end when it does.
 *
 * Draining: no new call; lasting streams end at once; the others have the grace time; then those end too. Every call
 * that is ended this way tells its caller PEER_DRAINING. The shortest grace that anybody asks for counts.
 */
import { RpcError } from '../errors.ts'

export interface OpenCall {
  readonly signal: AbortSignal
  /** The caller left, or its time is over. */
  abort(reason: RpcError): void
  /** To be called once the outcome has been handed to the network. */
  close(): void
}

export interface Calls {
  open(lasting: boolean): OpenCall
  /** Fulfilled when no call is open any more. */
  drain(graceMs: number): Promise<void>
}

export function createCalls(): Calls {
  const open = new Map<AbortController, boolean>()
  let draining = false
  let emptied: () => void = () => undefined
  const empty = new Promise<void>((resolve) => {
    emptied = resolve
  })
  const settle = () => {
    if (draining && open.size === 0) emptied()
  }
  const refuse = (controller: AbortController) =>
    controller.abort(new RpcError('PEER_DRAINING', 'the program at the other side is shutting down'))
  const end = (which: (lasting: boolean) => boolean) => {
    for (const [controller, lasting] of open) if (which(lasting)) refuse(controller)
  }

  return {
    open(lasting) {
      const controller = new AbortController()
      open.set(controller, lasting)
      if (draining) refuse(controller)
      return {
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        close() {
          open.delete(controller)
          settle()
        },
      }
    },
    async drain(graceMs) {
      draining = true
      end((lasting) => lasting || graceMs <= 0)
      settle()
      const force = setTimeout(() => end(() => true), Math.min(Math.max(graceMs, 0), 2 ** 31 - 1))
      await empty
      clearTimeout(force)
    },
  }
}
