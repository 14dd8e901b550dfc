/**
 * What a service is: a table of its methods, each with its kind and the codecs of its messages.
 * The compiler derives kind and codec types from the interface in api.ts, so a table that disagrees does not compile.
 */
import type { ClientCall, Role, ServerCall } from './api.ts'
import type { Codec } from './wire/message.ts'

export type MethodKind = 'unary' | 'server-stream' | 'bidi'

/** A method of whatever kind, as the networks see it. */
export interface Method<Request = unknown, Response = unknown> {
  readonly kind: MethodKind
  /** As in the proto file, for instance SubmitRun. */
  readonly name: string
  readonly request: Codec<Request>
  readonly response: Codec<Response>
  /** Lasts until somebody ends it (a watch, an attendance): a draining server ends it at once. */
  readonly lasting: boolean
}

/** The kind of method that a function of an Api interface is. A stream of requests is an AsyncIterable argument. */
type MethodOf<Run> = Run extends (parts: AsyncIterable<infer Request>, call: never) => AsyncIterable<infer Response>
  ? Method<Request, Response> & { readonly kind: 'bidi' }
  : Run extends (request: infer Request, call: never) => AsyncIterable<infer Response>
    ? Method<Request, Response> & { readonly kind: 'server-stream' }
    : Run extends (request: infer Request, call: never) => Promise<infer Response>
      ? Method<Request, Response> & { readonly kind: 'unary' }
      : never

export type MethodTable<Api> = { readonly [Name in keyof Api]: MethodOf<Api[Name]> }

/** `ClientApi` and `ServerApi` are one interface of api.ts for ClientCall and for ServerCall. */
export interface Service<ClientApi, ServerApi> {
  /** With its package: coffer.v1.RunService. */
  readonly name: string
  readonly methods: MethodTable<ClientApi> & MethodTable<ServerApi>
}

/** A service whose interface has been forgotten, as a network handles it. */
export interface AnyService {
  readonly name: string
  readonly methods: Readonly<Record<string, Method>>
}

export interface ServiceBinding {
  readonly service: AnyService
  readonly allowedRoles: readonly Role[]
  /** The handler of a method, by its name in the table. */
  readonly handler: (name: string) => Handler
}

/** Any handler: gets the request (or the stream of requests), gives a promise or a stream of answers. */
export type Handler = (request: unknown, call: ServerCall) => unknown

export type { ClientCall }
