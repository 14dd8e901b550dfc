import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const agentErrors = {
  AGENT_NO_DATASET: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job names a dataset that this party has not configured.',
    next: 'Add the dataset under `datasets` in coffer.yaml of the party and in its policy, and restart the agent.',
  },
  AGENT_NOT_NAMED: {
    status: 'PERMISSION_DENIED',
    cause: 'The coordinator proposed a job that does not name this party.',
    next: 'Check the parties of the job spec; if they are right, tell the administrators of the federation.',
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
    cause: 'The party agent failed at a task for a reason that has no code of its own.',
    next: "Look at the log of the party's agent.",
  },
} as const satisfies ErrorTable<string>

export type AgentCode = keyof typeof agentErrors

export class AgentError extends CodedError<AgentCode> {
  constructor(code: AgentCode, message: string, options?: ErrorOptions) {
    super(agentErrors, code, message, options)
  }
}
