import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { specReference } from '../../src/job/index.ts'
import { partyPolicySchema } from '../../src/job/policy.ts'
import { jobSpecSchema } from '../../src/job/schema.ts'

/** Paths of every key that no description explains, wherever it hides in the JSON Schema. */
function undescribed(node: unknown, path = ''): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, member]: [string, unknown]) => {
    if (name !== 'properties' || typeof member !== 'object' || member === null) return undescribed(member, path)
    return Object.entries(member).flatMap(([key, value]: [string, unknown]) => {
      const here = `${path}.${key}`
      const meaning: unknown =
        typeof value === 'object' && value !== null ? Reflect.get(value, 'description') : undefined
      return [...(typeof meaning === 'string' && meaning.length > 3 ? [] : [here]), ...undescribed(value, here)]
    })
  })
}

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

describe('the reference', () => {
  it('describes every key', () => {
    expect(undescribed(jsonSchema(jobSpecSchema))).toEqual([])
    expect(undescribed(jsonSchema(partyPolicySchema))).toEqual([])
  })

  it('would notice a key that nothing describes', () => {
    const planted = z.strictObject({ a: z.array(z.strictObject({ b: z.string() })).describe('Some list') })
    expect(undescribed(jsonSchema(planted))).toEqual(['.a.b'])
  })

  it('has a row for keys at every depth', () => {
    const reference = specReference()
    for (const row of [
      '| `rounds.quorum` | a whole number from 2 to 1024 | required | Updates that suffice for a round. |',
      '| `data.holdout` | a number from 0.05 to 0.5 | `0.2` | Share of the rows that is never trained on. |',
      '| `encoding` | a mapping | as below | The fixed-point form of updates. |',
      '| `encoding.bits` | a whole number from 8 to 32 | `32` | Bits of one value of an update. |',
      '| `data.positive` | text of 1 to 256 characters without control characters, or a number | `1` |',
      '### `data.features[]` with `type: category`',
      '| `data.features[].values` | a list of 1 to 1000; each text of 1 to 256 characters',
      '### `model.layers[]` with `className: Conv1D`',
      '| `model.layers[].config.kernelSize` | a whole number from 1 to 1024 | required |',
      '| `strategy.beta1` | a number from 0 below 1 | `0.9` |',
      '| `datasets.NAME.minimumRows` |',
    ]) {
      expect(reference).toContain(row)
    }
  })

  it('is well-formed Markdown: every row has four cells', () => {
    const rows = specReference()
      .split('\n')
      .filter((line) => line.startsWith('|'))
    expect(rows.length).toBeGreaterThan(80)
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(6)
    expect(specReference()).not.toMatch(/undefined|\[object/)
  })
})
