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
  AGENT_ROWS_CHANGED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party has another number of training rows than when it joined the run.',
    next: 'Put the data back as it was when the run began, or submit the job again.',
  },
  AGENT_WEIGHT_UNIT: {
    status: 'FAILED_PRECONDITION',
    cause:
      'A round was opened again with another weight unit than the one that the sealed update of it was scaled with.',
    next: 'Nothing: the party goes on with the next round. A second update of one round is never made.',
  },
  AGENT_ROLLED_BACK: {
    status: 'FAILED_PRECONDITION',
    cause: 'The aggregator shows fewer receipts of the run than this party has checked, or more than the job can have.',
    next: 'The party has left the run and keeps its receipts: they prove how far it was. Find out what was restored at the aggregator.',
  },
  AGENT_FORKED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The aggregator shows another receipt for a round than the one this party has checked.',
    next: 'The party has left the run and keeps both receipts below `evidence`: two statements on one round are the proof.',
  },
  AGENT_TASK_UNPROVEN: {
    status: 'FAILED_PRECONDITION',
    cause: 'A task starts from another round or model than the newest receipt ends with.',
    next: 'The party has left the run and keeps its receipts. Find out from where the aggregator resumed the run.',
  },
  AGENT_UNCONFIRMED: {
    status: 'FAILED_PRECONDITION',
    cause: "A receipt that this party was shown is not in the coordinator's ledger, long after its round.",
    next: 'Compare the receipt with those of the other parties: either the coordinator does not follow the run, or the aggregator shows each party another receipt.',
  },
  AGENT_LEFT: {
    status: 'PERMISSION_DENIED',
    cause: 'This party left the run for good, because of a receipt, a task or a ledger that it could not believe.',
    next: 'Read why in run.json of the run below `state` of the party; submit the job again when that is explained.',
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
