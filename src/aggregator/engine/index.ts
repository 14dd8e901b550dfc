/**
 * The engine: everything numeric of a run, in a thread of its own. engine.ts says what it does, core.ts how, state.ts
 * what is kept between rounds.
 */
export { createEngine } from './client.ts'
export type { Engine, EngineModel, EngineSetting, RoundOpening, RoundResult, UpdateFacts } from './engine.ts'
export { isEngineThread, serveEngine } from './thread.ts'
