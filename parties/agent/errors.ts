import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const agentErrors = {
  AGENT_NO_DATASET: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job names a dataset that this party has not configured.',
    next: 'Add the dataset under `datasets` in coffer.yaml of the party and in its policy, and restart the agent.',
  },
  AGENT_DATA: {
    status: 'FAILED_PRECONDITION',
    cause: "The party's data does not fit the data contract of the job; what is wrong stays at the party.",
    next: 'Ask the party: the log of its agent has the code, the row and the column.',
  },
  AGENT_BUSY: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The party agent already takes part in as many runs as it holds at once.',
    next: 'Submit the job again when one of them has ended.',
  },
  AGENT_MODEL_DIGEST: {
    status: 'DATA_LOSS',
    cause: 'The parameters that came from the aggregator do not have the digest that the task names.',
    next: 'The agent asks again by itself; if it happens often, look at the network to the aggregator.',
  },
  AGENT_FAILED: {
    status: 'INTERNAL',
    cause: 'The party agent could not do what it was asked; the reason stays at the party.',
    next: "Look at the log of the party's agent.",
  },
} as const satisfies ErrorTable<string>

export type AgentCode = keyof typeof agentErrors

export class AgentError extends CodedError<AgentCode> {
  constructor(code: AgentCode, message: string, options?: ErrorOptions) {
    super(agentErrors, code, message, options)
  }
}
