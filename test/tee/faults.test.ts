/** Every fault and control is issued; each differs from the honest evidence where its row says, and nowhere else. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { TeeError } from '../../src/tee/index.ts'
import { controls, faults, teeKinds, type Variation, variationNames } from '../../src/tee/simulator/index.ts'
import { differences, platformOf, reportData } from './evidence.ts'

const rows: readonly (readonly [name: string, row: Variation])[] = Object.entries({ ...faults, ...controls })
const issued = rows.flatMap(([name, row]) => row.tees.map((tee) => [name, tee, row] as const))

describe('the table', () => {
  test('has the faults of the threat list, and controls beside them', () => {
    expect(Object.keys(faults).length).toBeGreaterThanOrEqual(80)
    expect(Object.keys(controls).length).toBeGreaterThanOrEqual(10)
    expect(Object.keys(faults).filter((name) => name in controls)).toEqual([])
  })

  test('names are kebab-case, and what each provokes is a sentence of its own', () => {
    for (const [name, { provokes }] of rows) {
      expect(name).toMatch(/^[a-z0-9.]+(-[a-z0-9.]+)*$/)
      expect(provokes).toMatch(/^[A-Z].*\.$/)
    }
    expect(new Set(rows.map(([, { provokes }]) => provokes)).size).toBe(rows.length)
  })

  test('each kind of TEE knows its own names', () => {
    expect(variationNames('sgx-v3')).toContain('enclave-debug')
    expect(variationNames('sgx-v3')).not.toContain('td-debug')
    expect(variationNames('tdx-v5')).toContain('service-td')
    expect(variationNames('tdx-v4')).not.toContain('service-td')
  })
})

describe('each deviation is the only one', () => {
  test.each(issued)('%s of %s', (name, tee, { touches }) => {
    const wrong = platformOf(tee, name)
    const places = differences(platformOf(tee), wrong, touches.includes('quote'))
    expect(places.toSorted()).toEqual([...touches].toSorted())
    expect(wrong.rootPem).toBe(platformOf(tee).rootPem)
  })

  test('no two of them are the same evidence', () => {
    for (const tee of teeKinds) {
      const seen = new Map<string, string>()
      for (const name of variationNames(tee)) {
        const platform = platformOf(tee, name)
        const hash = createHash('sha256').update(platform.quote({ reportData })).update(platform.collateralJson())
        const evidence = hash.update(platform.eventLog ?? new Uint8Array(0)).digest('hex')
        expect(seen.get(evidence), `${name} of ${tee}`).toBeUndefined()
        seen.set(evidence, name)
      }
    }
  })
})

describe('a fault that cannot be issued', () => {
  test.each([
    ['no-such-fault', 'tdx-v4', 'nothing has this name'],
    ['td-debug', 'sgx-v3', 'only tdx-v4, tdx-v5 can have it'],
    ['service-td', 'tdx-v4', 'only tdx-v5 can have it'],
    ['constructor', 'sgx-v3', 'nothing has this name'],
  ] as const)('%s of %s', (name, tee, why) => {
    const issue = () => platformOf(tee, name)
    expect(issue).toThrow(TeeError)
    expect(issue).toThrow(expect.objectContaining({ code: 'TEE_SIMULATOR_FAULT' }))
    expect(issue).toThrow(why)
  })

  test('a fault stays when the caller brings measurements of their own', () => {
    const mrTd = new Uint8Array(48).fill(9)
    const wrong = platformOf('tdx-v4', 'wrong-td-measurement').quote({ reportData, body: { mrTd } })
    expect(wrong[48 + 136]).toBe(8)
  })
})
