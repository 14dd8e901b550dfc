/**
 * What a schema expects, in words. Read from the JSON Schema that zod makes of a schema, which is its public, stable
 * description; errors and the reference in docs/ both speak from here, so they cannot differ.
 */
import * as z from 'zod'

/** The part of JSON Schema (2020-12) that this product's schemas use, and two keys of our own given through meta(). */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly title?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly propertyNames?: SchemaNode
  readonly additionalProperties?: SchemaNode | false
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  /** The expectation in words, where the schema alone would say it badly. */
  readonly expected?: string
  /** A default that depends on another key and is filled in after validation. */
  readonly filled?: unknown
}

/** The same for the same schema, so that it is made once: it takes milliseconds. */
const described = new WeakMap<z.ZodType, SchemaNode>()

export function describeSchema(schema: z.ZodType): SchemaNode {
  const known = described.get(schema)
  if (known !== undefined) return known
  // zod types its result as any JSON Schema; the tests of the reference show that these schemas use no more than this.
  const node = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
  described.set(schema, node)
  return node
}

/** The node that a path leads to; `value` decides which member of a union is meant. */
export function nodeAt(root: SchemaNode, path: readonly PropertyKey[], value: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = root
  let current = value
  for (const key of path) {
    if (node === undefined) return undefined
    node = step(node, key, current)
    current = valueAt(current, [key])
  }
  return node
}

function step(node: SchemaNode, key: PropertyKey, value: unknown): SchemaNode | undefined {
  if (typeof key === 'number') return node.items
  if (typeof key === 'symbol') return undefined
  if (node.oneOf !== undefined) {
    const discriminator = discriminatorOf(node)
    if (key === discriminator) return { enum: discriminatorValues(node) }
    return chosen(node, value)?.properties?.[key]
  }
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key]
  return node.additionalProperties === false ? undefined : node.additionalProperties
}

/** The member of a union that the value chose, or the node itself. */
export function chosen(node: SchemaNode, value: unknown): SchemaNode | undefined {
  if (node.oneOf === undefined) return node
  const discriminator = discriminatorOf(node)
  const kind = valueAt(value, [discriminator])
  return node.oneOf.find((option) => option.properties?.[discriminator]?.const === kind)
}

/** The key that tells the members of a union apart: the first one that is constant. */
export function discriminatorOf(node: SchemaNode): string {
  const constant = Object.entries(node.oneOf?.[0]?.properties ?? {}).find(([, member]) => member.const !== undefined)
  return constant?.[0] ?? 'kind'
}

function discriminatorValues(node: SchemaNode): unknown[] {
  const discriminator = discriminatorOf(node)
  return (node.oneOf ?? []).map((option) => option.properties?.[discriminator]?.const)
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined
    current = Reflect.get(current, key)
  }
  return current
}

export function expectation(node: SchemaNode): string {
  if (node.expected !== undefined) return node.expected
  if (node.const !== undefined) return quote(node.const)
  if (node.enum !== undefined) return oneOf(node.enum)
  if (node.oneOf !== undefined) {
    return `a mapping whose ${discriminatorOf(node)} is ${oneOf(discriminatorValues(node))}`
  }
  if (node.anyOf !== undefined) return node.anyOf.map(expectation).join(', or ')
  switch (node.type) {
    case 'integer':
      return `a whole number${bounds(node)}`
    case 'number':
      return `a number${bounds(node)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${lengths(node)}`
    case 'object':
      return node.properties === undefined ? 'a mapping' : `a mapping with ${keysOf(node)}`
    default:
      return 'text'
  }
}

export function keysOf(node: SchemaNode): string {
  const keys = Object.keys(node.properties ?? {})
  return keys.length === 0 ? 'no keys' : `the keys ${keys.join(', ')}`
}

function bounds(node: SchemaNode): string {
  const from = node.minimum !== undefined ? `from ${node.minimum}` : undefined
  const above = node.exclusiveMinimum !== undefined ? `above ${node.exclusiveMinimum}` : undefined
  const to = node.maximum !== undefined ? `to ${node.maximum}` : undefined
  const below = node.exclusiveMaximum !== undefined ? `below ${node.exclusiveMaximum}` : undefined
  const words = [from ?? above, above !== undefined && to !== undefined ? 'and up' : undefined, to, below]
  return words.map((word) => (word === undefined ? '' : ` ${word}`)).join('')
}

function lengths({ minItems = 0, maxItems }: SchemaNode): string {
  if (maxItems === undefined) return minItems === 0 ? '' : ` of at least ${minItems}`
  return ` of ${minItems} to ${maxItems}`
}

function oneOf(values: readonly unknown[]): string {
  return `${values.length === 1 ? '' : 'one of '}${values.map(quote).join(', ')}`
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}
