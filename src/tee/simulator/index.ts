/**
 * The simulated TEE: evidence in the real formats under a root of its own, right or wrong as asked. It is an entry
 * beside src/tee/index.ts because the measured program may not contain it; the command line and tests come in here.
 */
export { createSimulatedAttester } from './attester.ts'
export { type ControlName, controls, type FaultName, faults, variationNames } from './faults/index.ts'
export type { Place, Variation } from './faults/variation.ts'
export {
  createSimulatedPlatform,
  type QuoteRequest,
  type SimulatedCollateral,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from './platform.ts'
export { createSigningKey, SIMULATOR_MARK } from './signing-key.ts'
export { type TeeKind, teeKinds } from './tee-kind.ts'
export type { QuoteSections, TdBody } from './quote.ts'
