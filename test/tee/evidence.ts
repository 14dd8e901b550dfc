/** Simulated evidence taken apart, independently of the simulator's own writer where that matters. */
import {
  createSimulatedPlatform,
  type Place,
  type SimulatedPlatform,
  type TeeKind,
} from '../../src/tee/simulator/index.ts'

export const now = new Date('2026-11-21T12:00:00Z')
export const reportData = Uint8Array.from({ length: 64 }, (_, index) => index + 1)

const issued = new Map<string, SimulatedPlatform>()

/** Of the seed 'test', at `now`; made once, because it does not change. */
export function platformOf(tee: TeeKind, fault?: string): SimulatedPlatform {
  const name = `${tee} ${fault}`
  const platform = issued.get(name) ?? freshPlatform(tee, fault)
  issued.set(name, platform)
  return platform
}

export function freshPlatform(tee: TeeKind, fault?: string): SimulatedPlatform {
  return createSimulatedPlatform({ seed: 'test', now, tee, ...(fault === undefined ? {} : { fault }) })
}

/** The PEM blocks of a text, leaf first. */
export function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? []
}

export function chainOf(quote: Uint8Array, platform: SimulatedPlatform): string[] {
  return pemBlocks(Buffer.from(quote.subarray(platform.sections.chain)).toString('latin1'))
}

const none = new Uint8Array(0)

/**
 * The places in which two pieces of evidence differ. Lengths that follow from a chain of another length are left out;
 * `quote` alone stands for quotes whose sections do not begin at the same offsets.
 */
export function differences(honest: SimulatedPlatform, other: SimulatedPlatform, whole: boolean): Place[] {
  const before = honest.quote({ reportData })
  const after = other.quote({ reportData })
  const log = Buffer.compare(honest.eventLog ?? none, other.eventLog ?? none) === 0 ? [] : (['eventLog'] as const)
  const documents = collateralNames(honest).filter((name) => honest.collateral[name] !== other.collateral[name])
  const collateral = [...documents, ...log]
  if (whole) return [...collateral, ...(Buffer.compare(before, after) === 0 ? [] : (['quote'] as const))]
  return [...collateral, ...sectionDifferences(honest, before, after)]
}

function sectionDifferences(honest: SimulatedPlatform, before: Uint8Array, after: Uint8Array): Place[] {
  const followed: readonly string[] = before.length === after.length ? [] : ['authLength', 'wrapper', 'chainHeader']
  const starts = sectionStarts(honest)
  return starts.flatMap(([section, start], index) => {
    const end = section === 'chain' ? undefined : starts[index + 1]?.[1]
    if (section === 'end' || followed.includes(section)) return []
    const same = Buffer.compare(before.subarray(start, end), after.subarray(start, end)) === 0
    return same ? [] : [`quote.${section}` as const]
  })
}

type Section = keyof SimulatedPlatform['sections']

function sectionStarts({ sections }: SimulatedPlatform): [Section, number][] {
  const names = Object.keys(sections) as Section[]
  return names.map((name) => [name, sections[name]])
}

function collateralNames({ collateral }: SimulatedPlatform): (keyof SimulatedPlatform['collateral'])[] {
  return Object.keys(collateral) as (keyof SimulatedPlatform['collateral'])[]
}
