/**
 * Flow control that grpc-js 1.14.7 has no option for: the server's receive windows (grpc-node pull request 3058 is
 * open), and how many messages a stream object reads ahead.
 *
 * Both reach into what the libraries keep private, so each checks first that it finds what it expects and checks
 * afterwards that it has worked; the package is pinned, and test/rpc/tls.test.ts fails loudly on an upgrade that
 * changes the inside. Must run before the server's injector is made.
 */
import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { READ_AHEAD, SESSION_WINDOW, UPLOAD_WINDOW } from './settings.ts'

/** @param opened is told of each session. */
export function widenReceiveWindows(server: Server, opened: (session: ServerHttp2Session) => void): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions')
  const create: unknown = Reflect.get(server, 'createHttp2Server')
  if (typeof options !== 'object' || options === null || typeof create !== 'function') throw changed('Server')
  const settings: unknown = Reflect.get(options, 'settings')
  Reflect.set(options, 'settings', {
    ...(typeof settings === 'object' ? settings : {}),
    initialWindowSize: UPLOAD_WINDOW,
  })
  Reflect.set(server, 'createHttp2Server', (...parameters: unknown[]) => {
    const http2Server: unknown = Reflect.apply(create, server, parameters)
    if (!(http2Server instanceof EventEmitter)) throw changed('createHttp2Server')
    return http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(SESSION_WINDOW)
      opened(session)
    })
  })
}

export function limitReadAhead(stream: { readonly readableHighWaterMark: number }): void {
  const state: unknown = Reflect.get(stream, '_readableState')
  if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', READ_AHEAD)
  if (stream.readableHighWaterMark !== READ_AHEAD) throw changed('Duplex')
}

const changed = (what: string): Error => new Error(`the inside of ${what} is not what this version of coffer knows`)
