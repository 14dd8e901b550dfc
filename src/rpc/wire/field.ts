/**
 * Fields: how one value of a message is written and read.
 *
 * What comes from the wire is hostile: every reader checks kind, length and range, and says what it found and what it
 * expected. A record collects the complaints of all its fields, so that one error names every bad field of a message.
 */

/** Writes a domain value as the wire has it, and reads back what may be anything. */
export interface Field<Domain, Wire = unknown> {
  /** Throws `Misfit`. `place` is the path so far, in the proto file's spelling. */
  read(wire: unknown, place: string): Domain
  write(value: Domain): Wire
}

export class Misfit extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}

/** A hostile value for a message to a person: short, quoted, on one line. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'string')
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'object' ? 'a message' : String(value)
}

export function misfit(place: string, found: unknown, expected: string): Misfit {
  return new Misfit([`${place}: found ${shown(found)}, expected ${expected}`])
}

/** Runs every reader and throws one Misfit with the problems of all that failed. */
export function collect<Key extends string>(
  readers: readonly (readonly [Key, () => unknown])[],
): Record<string, unknown> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, read] of readers) {
    try {
      values[key] = read()
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new Misfit(problems)
  return values
}

/** runId -> run_id, as the proto files spell it. */
export const spelled = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type Fields<Domain, Wire> = {
  readonly [Key in keyof Domain]: Key extends keyof Wire ? Field<Domain[Key], Wire[Key]> : never
}

/** A message whose domain form has the same keys; `Wire` is the generated type, and every key of it must be covered. */
export function record<Domain extends object, Wire extends object>(
  fields: Fields<Domain, Wire> & (Exclude<keyof Wire, keyof Domain> extends never ? unknown : never),
): Field<Domain, Wire> {
  const entries = Object.entries<Field<unknown>>(fields)
  const inside = (place: string, key: string) => (place === '' ? spelled(key) : `${place}.${spelled(key)}`)
  return {
    read(wire, place) {
      if (typeof wire !== 'object' || wire === null) throw misfit(place, wire, 'a message')
      const readers = entries.map(([key, field]) => {
        return [key, () => field.read(Reflect.get(wire, key), inside(place, key))] as const
      })
      // The compiler cannot follow Object.entries; `Fields` has tied each key to its type.
      return collect(readers) as Domain
    },
    write(value) {
      return Object.fromEntries(entries.map(([key, field]) => [key, field.write(Reflect.get(value, key))])) as Wire
    },
  }
}

/** Two parts of one message side by side, for instance what all events have and what only this one has. */
export function both<A extends object, B extends object, WireA extends object, WireB extends object>(
  first: Field<A, WireA>,
  second: Field<B, WireB>,
): Field<A & B, WireA & WireB> {
  return {
    read(wire, place) {
      const parts = collect([
        ['first', () => first.read(wire, place)],
        ['second', () => second.read(wire, place)],
      ])
      return Object.assign({}, parts.first, parts.second) as A & B
    },
    write: (value) => ({ ...first.write(value), ...second.write(value) }),
  }
}

/** The same field under another domain form. */
export function mapped<Outer, Inner, Wire>(
  field: Field<Inner, Wire>,
  read: (inner: Inner) => Outer,
  write: (outer: Outer) => Inner,
): Field<Outer, Wire> {
  return { read: (wire, place) => read(field.read(wire, place)), write: (value) => field.write(write(value)) }
}

/** A variant of a tagged union: the field's record with `kind` added. */
export function tagged<Kind extends string, Inner extends object, Wire>(
  kind: Kind,
  field: Field<Inner, Wire>,
): Field<{ readonly kind: Kind } & Inner, Wire> {
  return { read: (wire, place) => ({ kind, ...field.read(wire, place) }), write: (value) => field.write(value) }
}

/**
 * A oneof. `Case` is the generated type of its virtual field: the wire names of its variants, each with its reader;
 * `caseOf` says which one a value is. Nothing set, or a case unknown to this version, is a misfit.
 */
export function oneOf<Domain, Case extends string>(
  oneof: string,
  cases: { readonly [Name in Case]: Field<Domain> },
  caseOf: (value: Domain) => Case,
): Field<Domain, object> {
  const table: ReadonlyMap<unknown, Field<Domain>> = new Map(Object.entries<Field<Domain>>(cases))
  const expected = `one of ${Object.keys(cases).map(spelled).join(', ')}`
  return {
    read(wire, place) {
      if (typeof wire !== 'object' || wire === null) throw misfit(place, wire, 'a message')
      const set: unknown = Reflect.get(wire, oneof)
      const field = table.get(set)
      const inside = (key: string) => (place === '' ? spelled(key) : `${place}.${spelled(key)}`)
      if (field === undefined || typeof set !== 'string') throw misfit(inside(oneof), set, expected)
      return field.read(Reflect.get(wire, set), inside(set))
    },
    write: (value) => ({ [oneof]: caseOf(value), [caseOf(value)]: cases[caseOf(value)].write(value) }),
  }
}
