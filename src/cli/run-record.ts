/** Runs and model versions as --json prints them. Scripts rely on these shapes: add, never rename. */
import { toHex } from '../crypto/index.ts'
import { isSimulated, type ModelVersion, type Run } from '../round/index.ts'

const date = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

/** In which TEE the aggregator said it ran: its own statement, null where there is none. Not a verdict. */
const teeRecord = ({ tee }: Pick<Run, 'tee'>) => ({ tee: tee === '' ? null : tee, simulated: isSimulated(tee) })

export const runRecord = (run: Run) => ({
  runId: run.runId,
  name: run.name,
  state: run.state,
  reason: run.reason,
  round: run.round,
  rounds: run.rounds,
  parties: run.parties.map(({ party, decision, reasons, activity }) => ({ name: party, decision, reasons, activity })),
  metrics: run.metrics,
  metricsAfterRound: run.metricsModel,
  modelId: run.modelId ?? null,
  jobDigest: toHex(run.jobDigest),
  submittedBy: run.submittedBy,
  createdAt: date(run.createdMs),
  endedAt: date(run.endedMs),
  ...teeRecord(run),
})

export const modelRecord = (model: ModelVersion) => ({
  modelId: model.modelId,
  runId: model.runId,
  name: model.name,
  digest: toHex(model.digest),
  jobDigest: toHex(model.jobDigest),
  rounds: model.rounds,
  parameters: model.parameters,
  metrics: model.metrics,
  createdAt: date(model.createdMs),
  parties: model.parties,
  ...teeRecord(model),
})
