/** Codecs: whole messages between the wire and the domain, with every bad field named in one error. */
import { RpcError } from '../errors.ts'
import { MAXIMUM_PROBLEMS } from '../limits.ts'
import { Misfit, record, type Field } from './field.ts'

export interface Codec<Domain> {
  /** The message's name in the proto files, without the package. */
  readonly name: string
  /** Both throw RpcError WIRE_INVALID; `toWire` holds the sender to the same bounds as the receiver. */
  toWire(value: Domain): object
  fromWire(wire: unknown): Domain
}

export function message<Domain, Wire extends object>(name: string, field: Field<Domain, Wire>): Codec<Domain> {
  const fromWire = (wire: unknown): Domain => {
    try {
      return field.read(wire, '')
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      throw new RpcError('WIRE_INVALID', `${name}: ${listed(error.problems)}`, { cause: error })
    }
  }
  return {
    name,
    fromWire,
    toWire(value) {
      const wire = field.write(value)
      fromWire(wire)
      return wire
    },
  }
}

function listed(problems: readonly string[]): string {
  const first = problems.slice(0, MAXIMUM_PROBLEMS).join('; ')
  return problems.length > MAXIMUM_PROBLEMS ? `${first}; and more` : first
}

/** A message without fields. */
export const empty = (name: string): Codec<Record<string, never>> =>
  message(name, record<Record<string, never>, object>({}))
