/** What a party must not lose of a run. */
export { type Disk, disk } from './disk.ts'
export { type StateCode, StateError, stateErrors } from './errors.ts'
export type { Facts } from './facts.ts'
export type { KeptReceipts } from './receipt-file.ts'
export { type RunIdentity, RunState, runKeyBytes } from './run-state.ts'
export { createStates, KEPT_ENDED_RUNS, MOST_OPEN_RUNS, type States } from './states.ts'
export type { UpdateFacts } from './update-file.ts'
export type { Vectors } from './vectors.ts'
