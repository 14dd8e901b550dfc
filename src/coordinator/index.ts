/**
 * The control plane: takes job specs, proposes them to parties, hands accepted runs to the aggregator, keeps their
 * history, and serves the models that were released. It never sees an update, and nobody has to trust it with one.
 */
export { type Control, type ControlOptions, createControl } from './control.ts'
export { type CoordinatorCode, CoordinatorError, coordinatorErrors } from './errors.ts'
export { type CoordinatorOptions, startCoordinator } from './start.ts'
