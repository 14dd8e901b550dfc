/** A user's connection to the coordinator, with the bounds that every call of a verb has. */
import type { ClientCall, Network, RunApi } from '../rpc/index.ts'
import { addressOr } from './address.ts'
import { openHome } from './home.ts'
import type { Context } from './io.ts'
import { CALL_MS } from '../timeouts/index.ts'

export async function networkOf(context: Context): Promise<Network> {
  return context.io.network ?? (await import('../rpc/index.ts')).grpcNetwork
}

export interface Session extends AsyncDisposable {
  readonly runs: RunApi<ClientCall>
  /** The user's name in the federation. */
  readonly user: string
  readonly federation: string
  readonly coordinator: string
  /** For a call that answers soon. */
  readonly soon: ClientCall
  /** For a stream that lasts. */
  readonly open: ClientCall
}

export async function openSession(
  context: Context,
  options: { readonly coordinator: string | undefined },
  signal: AbortSignal = new AbortController().signal,
): Promise<Session> {
  const { config, identity } = await openHome(context, 'user')
  const { runService } = await import('../rpc/index.ts')
  const network = await networkOf(context)
  const address = addressOr(options.coordinator, 'coordinator', config.coordinator)
  const connection = network.connect({ address, identity, role: 'coordinator' })
  return {
    runs: connection.client(runService),
    user: config.name,
    federation: config.federation,
    coordinator: address,
    soon: { signal, deadlineMs: CALL_MS },
    open: { signal, deadlineMs: 'open' },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}
