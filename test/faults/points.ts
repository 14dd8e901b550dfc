/**
 * The child's side of the fault tests. A program under test comes to points: before and after a record is durable, when a
 * task has come, when a chunk goes out. Each is told to the parent; at the one that the parent has armed the process
 * kills itself, in that very moment, so that nothing of what follows can happen. Its clock and its disk do what the parent
 * says as well.
 */
import { type ClientCall, type Connection, grpcNetwork, type Log, type Network } from '../../src/rpc/index.ts'

/** From the parent. Each is answered with `done`. */
export type Order =
  | { readonly kind: 'kill-at'; readonly point: string; readonly nth: number }
  | { readonly kind: 'clock'; readonly offsetMs: number }
  /** Every write of this disk fails with this code of the system; '' for a disk that works. */
  | { readonly kind: 'disk'; readonly code: string }

/** To the parent. */
export type Report =
  | { readonly kind: 'done' }
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'point'; readonly point: string; readonly data: Readonly<Record<string, unknown>> }

let armed: { readonly point: string; left: number } | undefined
let offsetMs = 0
let diskCode = ''

export const now = (): number => Date.now() + offsetMs

export const tell = (report: Report): void => {
  process.send?.(report)
}

export const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

/** Whether the point is the armed one; the next time it is the one after. */
export function isArmed(point: string): boolean {
  if (armed?.point !== point) return false
  armed.left -= 1
  return armed.left === 0
}

export function reached(point: string, data: Readonly<Record<string, unknown>> = {}): void {
  if (isArmed(point)) die()
  tell({ kind: 'point', point, data })
}

/** Throws as the system does, while the disk is told to fail. */
export function requireDisk(path: string): void {
  if (diskCode !== '') throw Object.assign(new Error(`${diskCode}: made up, ${path}`), { code: diskCode })
}

export function obey(): void {
  const [, , , point = '', offset = '0'] = process.argv
  offsetMs = Number(offset)
  if (point !== '') armed = { point, left: 1 }
  process.on('message', (order: Order) => {
    if (order.kind === 'kill-at') armed = { point: order.point, left: order.nth }
    else if (order.kind === 'clock') offsetMs = order.offsetMs
    else diskCode = order.code
    tell({ kind: 'done' })
  })
  // The parent is gone: nothing of a test outlives it.
  process.on('disconnect', die)
}

const line = (level: string) => (fields: object, message: string) => {
  process.stderr.write(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields, plain)}\n`)
}

const plain = (_: string, value: unknown): unknown =>
  value instanceof Error ? `${value.name}: ${value.message} ${value.stack ?? ''}` : value

export const log: Log = { info: line('info'), warn: line('warn'), error: line('error') }

/** How a stream call is looked at on its way. */
export type Tap = (
  start: (request: unknown, call: ClientCall) => AsyncIterable<unknown>,
  request: unknown,
  call: ClientCall,
) => AsyncIterable<unknown>

/** The network of real programs, with some of the stream calls of every client looked at. */
export function tappedNetwork(taps: Readonly<Record<string, Tap>>): Network {
  return {
    serve: (options) => grpcNetwork.serve(options),
    connect: (options) => tappedConnection(grpcNetwork.connect(options), taps),
  }
}

function tappedConnection(connection: Connection, taps: Readonly<Record<string, Tap>>): Connection {
  return {
    client: (service) => tapped(connection.client(service), taps),
    reach: (call) => connection.reach(call),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

function tapped<Api>(api: Api, taps: Readonly<Record<string, Tap>>): Api {
  const looked = Object.entries(taps).flatMap(([name, tap]) => {
    const start: unknown = Reflect.get(Object(api), name)
    if (typeof start !== 'function') return []
    const stream = (request: unknown, call: ClientCall) => Reflect.apply(start, api, [request, call])
    return [[name, (request: unknown, call: ClientCall) => tap(stream, request, call)] as const]
  })
  return { ...api, ...Object.fromEntries(looked) }
}
