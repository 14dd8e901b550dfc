/**
 * Flow control that grpc-js 1.14.7 has no option for: the server's receive windows (grpc-node pull request 3058 is
 * open), and how many messages a stream object reads ahead.
 *
 * A server has small windows towards everybody, and wide ones towards a caller that it has admitted to an upload, for as
 * long as that lasts. Windows are settings of a whole connection in HTTP/2, so it is the caller's connection that is
 * widened; its other streams are bounded by the number of streams that a connection may have.
 *
 * All of it reaches into what the libraries keep private, so each function checks first that it finds what it expects
 * and checks afterwards that it has worked; the package is pinned, and test/rpc/tls.test.ts fails loudly on an upgrade
 * that changes the inside.
 */
import { EventEmitter } from 'node:events'
import type { Http2Stream, ServerHttp2Session } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import {
  LEAST_UPLOAD_WINDOW,
  READ_AHEAD,
  SESSION_WINDOW,
  UPLOAD_WINDOW,
  UPLOAD_WINDOW_PER_MILLISECOND,
  WAITING_WINDOW,
} from './settings.ts'

/** Must run before the server's injector is made. @param opened is told of each session. */
export function setReceiveWindows(server: Server, opened: (session: ServerHttp2Session) => void): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions')
  const create: unknown = Reflect.get(server, 'createHttp2Server')
  if (typeof options !== 'object' || options === null || typeof create !== 'function') throw changed('Server')
  const settings: unknown = Reflect.get(options, 'settings')
  Reflect.set(options, 'settings', {
    ...(typeof settings === 'object' ? settings : {}),
    initialWindowSize: WAITING_WINDOW,
  })
  Reflect.set(server, 'createHttp2Server', (...parameters: unknown[]) => {
    const http2Server: unknown = Reflect.apply(create, server, parameters)
    if (!(http2Server instanceof EventEmitter)) throw changed('createHttp2Server')
    return http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(SESSION_WINDOW)
      measure(session)
      opened(session)
    })
  })
}

/** The shortest round trip seen on a connection, in milliseconds. */
const distances = new WeakMap<ServerHttp2Session, number>()

/** Asked when a connection opens, and again with each upload: the first answer may have waited behind a storm. */
function measure(session: ServerHttp2Session): void {
  session.ping((error, roundTripMs) => {
    if (!error) distances.set(session, Math.min(distances.get(session) ?? roundTripMs, roundTripMs))
  })
}

/** As wide as a fast line over this distance needs; the widest where it is not known yet. */
export function uploadWindow(roundTripMs: number | undefined): number {
  if (roundTripMs === undefined) return UPLOAD_WINDOW
  return Math.round(Math.min(Math.max(UPLOAD_WINDOW_PER_MILLISECOND * roundTripMs, LEAST_UPLOAD_WINDOW), UPLOAD_WINDOW))
}

/** How many uploads each connection carries now. */
const carried = new WeakMap<ServerHttp2Session, number>()

/**
 * Widens the windows of a caller's connection until the returned function is called. Several uploads of one connection
 * may do so at once; a connection that is gone has no windows, and that is no fault.
 */
export function widen({ session }: { readonly session: Http2Stream['session'] }): () => void {
  if (session === undefined || session.destroyed) return () => undefined
  const connection = session as ServerHttp2Session
  count(connection, 1)
  let widened = true
  return () => {
    if (widened) count(connection, -1)
    widened = false
  }
}

function count(session: ServerHttp2Session, change: 1 | -1): void {
  const before = carried.get(session) ?? 0
  carried.set(session, before + change)
  if (before > 0 && before + change > 0) return
  if (session.destroyed || session.closed) return
  if (change > 0) measure(session)
  session.settings({ initialWindowSize: change > 0 ? uploadWindow(distances.get(session)) : WAITING_WINDOW })
}

/** The HTTP/2 stream below a call of grpc-js's server. */
export function http2StreamOf(call: object): Http2Stream {
  const intercepting: unknown = Reflect.get(call, 'call')
  const stream: unknown =
    typeof intercepting === 'object' && intercepting !== null ? Reflect.get(intercepting, 'stream') : undefined
  if (!isHttp2Stream(stream)) throw changed('ServerDuplexStream')
  return stream
}

const isHttp2Stream = (value: unknown): value is Http2Stream =>
  value instanceof EventEmitter && 'rstCode' in value && 'aborted' in value && 'session' in value

export function limitReadAhead(stream: { readonly readableHighWaterMark: number }): void {
  const state: unknown = Reflect.get(stream, '_readableState')
  if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', READ_AHEAD)
  if (stream.readableHighWaterMark !== READ_AHEAD) throw changed('Duplex')
}

/**
 * Lets go of the last message of a call that is over. grpc-js keeps its pieces until the next one begins, and what is left
 * of a connection that was closed is collected late: a thousand uploads held a thousand chunks, hundreds of MiB.
 */
export function forgetMessages(call: object): void {
  const intercepting: unknown = Reflect.get(call, 'call')
  const decoder: unknown =
    typeof intercepting === 'object' && intercepting !== null ? Reflect.get(intercepting, 'decoder') : undefined
  if (typeof decoder !== 'object' || decoder === null || !Array.isArray(Reflect.get(decoder, 'readPartialMessage'))) {
    throw changed('StreamDecoder')
  }
  Reflect.set(decoder, 'readPartialMessage', [])
  // A view of one byte holds all of the bytes that came with it.
  Reflect.set(decoder, 'readCompressFlag', Buffer.alloc(1))
}

const changed = (what: string): Error => new Error(`the inside of ${what} is not what this version of coffer knows`)
