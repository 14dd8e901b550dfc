/** The table of everything that the simulator can issue wrongly, in the order of docs/trust.md, and its controls. */
import { TeeError } from '../../errors.ts'
import type { Blueprint } from '../blueprint.ts'
import type { TeeKind } from '../tee-kind.ts'
import { bodyFaults } from './body.ts'
import { certificateFaults } from './certificates.ts'
import { controls } from './controls.ts'
import { eventLogFaults } from './event-log.ts'
import { quoteFormFaults } from './quote-form.ts'
import { quotingEnclaveFaults } from './quoting-enclave.ts'
import { revocationFaults } from './revocation.ts'
import { tcbInfoFaults } from './tcb.ts'
import type { Variation } from './variation.ts'

export const faults = {
  ...certificateFaults,
  ...revocationFaults,
  ...tcbInfoFaults,
  ...quotingEnclaveFaults,
  ...bodyFaults,
  ...quoteFormFaults,
  ...eventLogFaults,
} as const satisfies Record<string, Variation>

export type FaultName = keyof typeof faults
export type ControlName = keyof typeof controls

export { controls }

const variations: ReadonlyMap<string, Variation> = new Map(Object.entries({ ...faults, ...controls }))

/** Names that a kind of TEE can have, faults first. */
export function variationNames(tee: TeeKind): string[] {
  return [...variations].filter(([, { tees }]) => tees.includes(tee)).map(([name]) => name)
}

/** Changes the blueprint. Throws TeeError TEE_SIMULATOR_FAULT for an unknown name or another kind of TEE. */
export function applyVariation(name: string, blueprint: Blueprint): void {
  const found = variations.get(name)
  if (found?.tees.includes(blueprint.tee) === true) {
    found.apply(blueprint)
    return
  }
  const why = found === undefined ? 'nothing has this name' : `only ${found.tees.join(', ')} can have it`
  throw new TeeError(
    'TEE_SIMULATOR_FAULT',
    `fault ${JSON.stringify(name)} of ${blueprint.tee}: ${why}; expected one of ${variationNames(blueprint.tee).join(', ')}`,
  )
}
