/**
 * The proto files, read once per process, and the proof that they agree with the tables in services.ts.
 *
 * The same files are the documentation of the wire and the source of src/gen, where they also stand as a value: no file
 * is opened at run time, so that the measured program is one file. A table that names another message, or a stream where
 * the file has none, stops the program at its start.
 */
import { fromJSON, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader'
import { protocol } from '../gen/protocol.ts'
import type { AnyService, Method } from './service.ts'

let loaded: PackageDefinition | undefined

/** Options as in scripts/gen.ts, which makes the types of what these decoders give. */
export function loadProtocol(): PackageDefinition {
  loaded ??= fromJSON(protocol, { longs: Number, enums: String, defaults: true, oneofs: true })
  return loaded
}

/** A method as it travels: its path, and its messages as bytes. */
export interface WireMethod {
  readonly path: string
  readonly key: string
  readonly service: AnyService
  readonly method: Method
  readonly encodeRequest: (wire: object) => Buffer
  readonly decodeRequest: (bytes: Buffer) => object
  readonly encodeResponse: (wire: object) => Buffer
  readonly decodeResponse: (bytes: Buffer) => object
}

/** Throws a plain Error where table and proto file disagree: a fault of the program, not of anything it met. */
export function wireMethods(service: AnyService): readonly WireMethod[] {
  const definition = serviceDefinition(service.name)
  const entries = Object.entries(service.methods)
  const missing = Object.keys(definition).filter((name) => !entries.some(([, method]) => method.name === name))
  if (missing.length > 0) throw new Error(`${service.name}: no table entry for ${missing.join(', ')}`)
  return entries.map(([key, method]) => {
    const wire = definition[method.name]
    if (wire === undefined) throw new Error(`${service.name}: the proto files have no ${method.name}`)
    const kind = wire.requestStream ? 'bidi' : wire.responseStream ? 'server-stream' : 'unary'
    if (wire.requestStream && !wire.responseStream) throw new Error(`${wire.path}: no table can say client stream`)
    const said = [method.kind, method.request.name, method.response.name].join(' ')
    const specified = [kind, messageName(wire.requestType), messageName(wire.responseType)].join(' ')
    if (said !== specified) throw new Error(`${wire.path}: table says ${said}, proto file says ${specified}`)
    return {
      path: wire.path,
      key,
      service,
      method,
      encodeRequest: wire.requestSerialize,
      decodeRequest: wire.requestDeserialize,
      encodeResponse: wire.responseSerialize,
      decodeResponse: wire.responseDeserialize,
    }
  })
}

function serviceDefinition(name: string): ServiceDefinition {
  const found = loadProtocol()[name]
  if (found === undefined || 'format' in found) throw new Error(`the proto files have no service ${name}`)
  // proto-loader tells its definitions apart by `format`, which services alone do not have.
  return found as ServiceDefinition
}

function messageName(definition: { type: object }): string {
  const name: unknown = Reflect.get(definition.type, 'name')
  return typeof name === 'string' ? name : 'nothing'
}
