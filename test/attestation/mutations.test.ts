/**
 * Truncation at every length and 100,000 seeded mutations: no crash (every refusal is an EvidenceError), no hang, and no
 * acceptance, except of another writing of the same thing (a hexadecimal digit in upper case), which must parse the same.
 * Genuine material is Intel's where it is present, else that of the simulated TEE.
 */
import { describe, expect, test } from 'vitest'
import {
  EvidenceError,
  parseCollateral,
  parseEventLog,
  parseQuote,
  replay,
  type Trust,
  verifyEvidence,
} from '../../src/attestation/index.ts'
import { createRandom, type Random } from '../../src/crypto/index.ts'
import { honest, now, reportData } from './issued.ts'
import { inside, present, read, readText, vector } from './vectors.ts'

/** 100,000 in total; the split is by cost: signatures make a quote about 30 times as dear as a log. */
const MUTATIONS = {
  verifiedQuotes: 5_000,
  parsedQuotes: 25_000,
  verifiedCollateral: 1_500,
  parsedCollateral: 3_500,
  realLog: 5_000,
  simulatedLog: 60_000,
}

test('the counts add up', () => {
  expect(Object.values(MUTATIONS).reduce((sum, count) => sum + count, 0)).toBe(100_000)
})

/** Changes 1 to 3 bytes in place and returns how to change them back: a copy of each mutant would cost more. */
function mutate(bytes: Uint8Array, random: Random, length = bytes.length): () => void {
  const changes = Array.from({ length: 1 + random.below(3) }, () => {
    const at = random.below(length)
    const before = bytes[at] ?? 0
    bytes[at] = random.below(4) === 0 ? random.below(256) : before ^ (1 << random.below(8))
    return [at, before] as const
  })
  return () => {
    for (const [at, before] of changes.reverse()) bytes[at] = before
  }
}

/** The result, or undefined if it was refused; anything thrown but an EvidenceError fails the test. */
function outcome<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof EvidenceError) return undefined
    throw error
  }
}

interface Genuine {
  readonly name: string
  readonly quote: Uint8Array
  readonly collateral: string
  readonly trust: Trust
}

const simulated = (['sgx-v3', 'tdx-v4', 'tdx-v5'] as const).map((tee): Genuine => {
  const platform = honest(tee)
  const collateral = platform.collateralJson()
  const trust: Trust = { roots: platform.rootPem, collateral: parseCollateral(collateral), binding: 'unbound', now }
  return { name: `simulated ${tee}`, quote: platform.quote({ reportData }), collateral, trust }
})
const real = present
  ? (['sgx-v3', 'tdx-v4'] as const).map((name): Genuine => {
      const { quote, trust } = vector(name)
      return { name, quote, collateral: readText(`${name}/collateral.json`), trust: { ...trust, now: inside } }
    })
  : []
const genuine = [...real, ...simulated]

describe.each(genuine)('$name', ({ quote, collateral, trust }) => {
  const share = (count: number): number => Math.ceil(count / genuine.length)
  const parsed = parseQuote(quote)

  test('is accepted as it is', () => {
    expect(verifyEvidence({ quote }, trust).ok).toBe(true)
  })

  test('a quote cut at any length is refused', () => {
    for (let length = 0; length < parsed.length; length += 1) {
      expect(outcome(() => parseQuote(quote.subarray(0, length)))).toBeUndefined()
    }
  })

  test('mutated quotes are refused', () => {
    const bytes = Uint8Array.from(quote)
    const random = createRandom('mutated quotes')
    const verified = share(MUTATIONS.verifiedQuotes)
    for (let i = 0; i < verified + share(MUTATIONS.parsedQuotes); i += 1) {
      const undo = mutate(bytes, random)
      if (i >= verified) outcome(() => parseQuote(bytes))
      else if (outcome(() => verifyEvidence({ quote: bytes }, trust)) !== undefined) {
        expect(parseQuote(bytes)).toEqual(parsed)
      }
      undo()
    }
  })

  test('mutated collateral is refused', () => {
    const bytes = new Uint8Array(Buffer.from(collateral))
    const before = parseCollateral(collateral)
    const random = createRandom('mutated collateral')
    const verified = share(MUTATIONS.verifiedCollateral)
    for (let i = 0; i < verified + share(MUTATIONS.parsedCollateral); i += 1) {
      const undo = mutate(bytes, random)
      const mutant = outcome(() => parseCollateral(Buffer.from(bytes).toString('utf8')))
      undo()
      if (i >= verified || mutant === undefined) continue
      if (outcome(() => verifyEvidence({ quote }, { ...trust, collateral: mutant })) !== undefined) {
        expect(mutant).toEqual(before)
      }
    }
  })
})

const simulatedLog = honest('tdx-v4').eventLog ?? new Uint8Array(0)

/** With 32 bytes of the unused area, which firmware makes 64 KiB and more. */
const used = (log: Uint8Array): Uint8Array => log.slice(0, log.findLastIndex((byte) => byte !== 0xff) + 33)
const logs = [
  ...(present ? [{ name: 'real', log: used(read('tdx-v4-ccel/ccel_data.dat')), count: MUTATIONS.realLog }] : []),
  { name: 'simulated', log: used(simulatedLog), count: MUTATIONS.simulatedLog },
]

/** What the registers depend on. */
const measured = (log: Uint8Array): string =>
  parseEventLog(log)
    .map(({ register, digest }) => `${register} ${Buffer.from(digest).toString('hex')}`)
    .join()

describe.each(logs)('the event log of a $name TD', ({ log, count }) => {
  const complete = replay(parseEventLog(log)).join()
  const before = measured(log)

  test('is cut at no length without being noticed', () => {
    for (let length = 0; length < log.length; length += 1) {
      const events = outcome(() => parseEventLog(log.subarray(0, length)))
      // A cut in the unused area after the last event loses nothing.
      if (events === undefined || replay(events).join() !== complete) continue
      expect(log.subarray(length).every((byte) => byte === 0xff)).toBe(true)
    }
  })

  test('is mutated: refused, leads elsewhere, or differs only in text that no digest covers', () => {
    const random = createRandom('mutated logs')
    for (let i = 0; i < count; i += 1) {
      const undo = mutate(log, random)
      const events = outcome(() => parseEventLog(log))
      if (events !== undefined && replay(events).join() === complete) expect(measured(log)).toBe(before)
      undo()
    }
  })
})
