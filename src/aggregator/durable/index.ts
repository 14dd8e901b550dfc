/** What the aggregator keeps on its disk, sealed: so that a run outlives the process. */
export type { Commit, Journal } from './journal.ts'
export type { RunHeader } from './header.ts'
export type { OpenedRun } from './run-files.ts'
export { openState, type DamagedRun, type RunStates } from './states.ts'
