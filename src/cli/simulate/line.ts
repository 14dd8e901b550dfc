/**
 * A party's connections, as its agent has them, with somebody who can cut them: what is under way fails as when a cable
 * is pulled, and what the agent dials afterwards waits until the line is mended, and is then dialled and attested anew.
 * The agent knows nothing of it.
 */
import type { ClientCall, ConnectOptions, Connection, Network } from '../../rpc/index.ts'

export interface Line extends Network {
  cut(): Promise<void>
  mend(): void
}

/** What somebody who sits at the line does with the calls that pass. */
export interface Warden {
  /** Before a call leaves. */
  before(method: string): Promise<void>
  /** Each answer; it reaches the agent only if this is true. */
  passing(method: string, answer: unknown): Promise<boolean>
}

type Api = Readonly<Record<string, (request: unknown, call: ClientCall) => unknown>>

/** Not a promise that settles once: a line is cut and mended many times. */
interface Cut {
  readonly mended: Promise<void>
  readonly mend: () => void
}

export function createLine(network: Network, warden: Warden): Line {
  const ends = new Set<() => Promise<void>>()
  let broken: Cut | undefined
  return {
    serve: (options) => network.serve(options),
    connect(options) {
      const end = createEnd(network, options, warden, () => broken?.mended)
      ends.add(end.hangUp)
      return {
        ...end.connection,
        async [Symbol.asyncDispose]() {
          ends.delete(end.hangUp)
          await end.connection[Symbol.asyncDispose]()
        },
      }
    },
    async cut() {
      broken ??= createCut()
      await Promise.all([...ends].map((hangUp) => hangUp()))
    },
    mend() {
      broken?.mend()
      broken = undefined
    },
  }
}

function createCut(): Cut {
  let mend = (): void => undefined
  const mended = new Promise<void>((resolve) => {
    mend = resolve
  })
  return { mended, mend: () => mend() }
}

interface End {
  readonly connection: Connection
  readonly hangUp: () => Promise<void>
}

function createEnd(
  network: Network,
  options: ConnectOptions,
  warden: Warden,
  away: () => Promise<void> | undefined,
): End {
  let current: Connection | undefined
  let closed = false
  const hangUp = async (): Promise<void> => {
    const last = current
    current = undefined
    await last?.[Symbol.asyncDispose]()
  }
  const dial = async ({ signal }: ClientCall): Promise<Connection> => {
    for (let mended = away(); mended && !signal.aborted && !closed; mended = away()) await sooner(mended, signal)
    current ??= network.connect(options)
    if (closed) await current[Symbol.asyncDispose]()
    return current
  }
  const connection: Connection = {
    client(service) {
      const methods = Object.entries<{ kind: string }>(service.methods).map(([name, { kind }]) => {
        const start = async (call: ClientCall) => {
          await sooner(warden.before(name), call.signal)
          return (await dial(call)).client(service) as Api
        }
        const stream = (request: unknown, call: ClientCall) => answers(name, start(call), request, call, warden)
        const once = async (request: unknown, call: ClientCall) => (await start(call))[name]?.(request, call)
        return [name, kind === 'unary' ? once : stream]
      })
      // As in createClient: the table of methods has tied each name to its function.
      return Object.fromEntries(methods)
    },
    reach: async (call) => (await dial(call)).reach(call),
    async [Symbol.asyncDispose]() {
      closed = true
      await hangUp()
    },
  }
  return { connection, hangUp }
}

async function* answers(
  name: string,
  api: Promise<Api>,
  request: unknown,
  call: ClientCall,
  warden: Warden,
): AsyncGenerator<unknown> {
  const stream = (await api)[name]?.(request, call)
  if (!isStream(stream)) throw new TypeError(`${name} gives no stream`)
  for await (const answer of stream) {
    if (await warden.passing(name, answer)) yield answer
  }
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/** When it has come, or when nobody waits for it any more. */
function sooner(coming: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    if (signal.aborted) done()
    signal.addEventListener('abort', done, { once: true })
    coming.then(done, done)
  })
}
