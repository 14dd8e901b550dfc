/** The kinds of single values the messages are made of, each with its bounds. */
import { MAXIMUM_PROBLEMS } from '../limits.ts'
import { type Field, Misfit, misfit } from './field.ts'

export function text(expected: string, fits: (value: string) => boolean): Field<string, string> {
  return {
    read(wire, place) {
      if (typeof wire !== 'string' || !fits(wire)) throw misfit(place, wire, expected)
      return wire
    },
    write: (value) => value,
  }
}

const matching = (expected: string, pattern: RegExp) => text(expected, (value) => pattern.test(value))

export const runId = matching('32 lower-case hex digits', /^[0-9a-f]{32}$/)
/** What a person may type for a run. */
export const runIdBeginning = matching('4 to 32 lower-case hex digits', /^[0-9a-f]{4,32}$/)
export const modelId = matching('4 to 64 small letters, digits or hyphens', /^[0-9a-z][0-9a-z-]{3,63}$/)
export const name = matching(
  'a name: a small letter, then small letters, digits, hyphens; at most 63',
  /^[a-z][a-z0-9-]{0,62}$/,
)

/** Of the tables in each room's errors.ts; what a remote side says is held to the same form. */
export const errorCodePattern = /^[A-Z][A-Z0-9_]{2,63}$/
export const errorCode = matching('an error code: capital letters, digits, underscores; at most 64', errorCodePattern)

/** The longest beginning of `value` within `maximum` UTF-16 units that does not end in half a character. */
export function shortened(value: string, maximum: number): string {
  const whole = value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
  return whole.length <= maximum ? whole : `${whole.slice(0, maximum - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Free text for people. Its sender shortens it: a long explanation must not make a message unsendable. */
export function prose(maximum: number): Field<string, string> {
  return {
    ...text(`at most ${maximum} characters`, (value) => value.length <= maximum),
    write: (value) => shortened(value, maximum),
  }
}

export function bytes(minimum: number, maximum: number): Field<Uint8Array, Buffer> {
  const expected = minimum === maximum ? `${minimum} bytes` : `${minimum} to ${maximum} bytes`
  return {
    read(wire, place) {
      if (!(wire instanceof Uint8Array) || wire.length < minimum || wire.length > maximum)
        throw misfit(place, wire, expected)
      // A Buffer is a Uint8Array with manners of its own (toJSON, slice): the domain gets a plain one.
      return new Uint8Array(wire.buffer, wire.byteOffset, wire.byteLength)
    },
    write: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  }
}

/** Exactly this many, or none. */
export function bytesOrNone(length: number): Field<Uint8Array, Buffer> {
  const any = bytes(0, length)
  return {
    write: any.write,
    read(wire, place) {
      const value = any.read(wire, place)
      if (value.length !== 0 && value.length !== length) throw misfit(place, wire, `${length} bytes, or none`)
      return value
    },
  }
}

/** SHA-256. */
export const digest = bytes(32, 32)

/** An exact integer. Beyond 2^53 the decoder has already rounded it, and rounding shows as an unsafe integer. */
export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Field<number, number> {
  return {
    read(wire, place) {
      const fits = typeof wire === 'number' && Number.isSafeInteger(wire) && wire >= minimum && wire <= maximum
      if (!fits) throw misfit(place, wire, `an integer from ${minimum} to ${maximum}`)
      return wire
    },
    write: (value) => value,
  }
}

export const milliseconds = integer(0)

export const finite: Field<number, number> = {
  read(wire, place) {
    if (typeof wire !== 'number' || !Number.isFinite(wire)) throw misfit(place, wire, 'a finite number')
    return wire
  },
  write: (value) => value,
}

export const flag: Field<boolean, boolean> = {
  read(wire, place) {
    if (typeof wire !== 'boolean') throw misfit(place, wire, 'true or false')
    return wire
  },
  write: (value) => value,
}

/** An enum: domain word to wire word. The wire's UNSPECIFIED, and numbers this version does not know, are misfits. */
export function choice<Domain extends string, Wire extends string>(
  words: Readonly<Record<Domain, Wire>>,
): Field<Domain, Wire> {
  // Object.entries widens the keys of a Record to string; the type of `words` has said what they are.
  const domains = new Map<unknown, Domain>(
    Object.entries<Wire>(words).map(([domain, wire]) => [wire, domain as Domain]),
  )
  return {
    read(wire, place) {
      const domain = domains.get(wire)
      if (domain === undefined) throw misfit(place, wire, `one of ${[...domains.keys()].join(', ')}`)
      return domain
    },
    write: (value) => words[value],
  }
}

/** The wire has no absent value for plain fields; `empty` stands for it. */
export function optional<Domain, Wire>(field: Field<Domain, Wire>, empty: Wire): Field<Domain | undefined, Wire> {
  return {
    read: (wire, place) => (wire === empty ? undefined : field.read(wire, place)),
    write: (value) => (value === undefined ? empty : field.write(value)),
  }
}

export function list<Domain, Wire>(
  field: Field<Domain, Wire>,
  maximum: number,
  minimum = 0,
): Field<readonly Domain[], Wire[]> {
  return {
    read(wire, place) {
      if (!Array.isArray(wire) || wire.length < minimum || wire.length > maximum) {
        throw misfit(place, wire, `a list of ${minimum} to ${maximum}`)
      }
      return readEach(field, wire, place)
    },
    write: (values) => values.map((each) => field.write(each)),
  }
}

/** Names every bad element, up to a number that makes the point: a hostile list must not cost an error per element. */
function readEach<Domain>(field: Field<Domain>, wire: readonly unknown[], place: string): Domain[] {
  const values: Domain[] = []
  const problems: string[] = []
  for (const [at, each] of wire.entries()) {
    try {
      values.push(field.read(each, `${place}[${at}]`))
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      problems.push(...error.problems)
      if (problems.length > MAXIMUM_PROBLEMS) break
    }
  }
  if (problems.length > 0) throw new Misfit(problems)
  return values
}

/** A list in which nobody is named twice. */
export function distinct(
  field: Field<string, string>,
  maximum: number,
  minimum = 0,
): Field<readonly string[], string[]> {
  const plain = list(field, maximum, minimum)
  return {
    write: plain.write,
    read(wire, place) {
      const values = plain.read(wire, place)
      const twice = values.find((value, at) => values.indexOf(value) !== at)
      if (twice !== undefined) throw new Misfit([`${place}: ${twice} is named twice`])
      return values
    },
  }
}
