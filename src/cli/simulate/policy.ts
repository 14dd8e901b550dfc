/** A party policy that allows exactly one job: the parties of a simulation judge it as in earnest, and say yes. */
import { type JobSpec, parsePartyPolicy, type PartyPolicy } from '../../job/index.ts'

export function openPolicy({ model, task, data, rounds, training, summation, robust }: JobSpec): PartyPolicy {
  const policy = {
    models: [model.kind],
    tasks: [task.kind],
    datasets: { [data.dataset]: { columns: '*', minimumRows: 1 } },
    maximumRounds: rounds.count,
    maximumEpochs: training.epochs,
    summations: [summation],
    robust: [robust.kind],
    minimumParties: rounds.minimumParties,
  }
  // Read as a file would be, so that what it does not say has the defaults of a policy.
  return parsePartyPolicy(JSON.stringify(policy))
}
