/** Everything that runs at a bank: the agent, its data, its trainers, and what is done with a model afterwards. */
export { agentErrors, AgentError, type AgentCode } from './agent/errors.ts'
export { type PartyOptions, startParty } from './agent/agent.ts'
export { PartyError, type PartyCode, partyErrors } from './errors.ts'
export * from './data/index.ts'
export * from './models/index.ts'
export * from './portfolio/index.ts'
export * from './trainers/index.ts'
