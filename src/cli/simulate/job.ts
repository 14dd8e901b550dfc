/**
 * The job as it is simulated: other parties, and numbers that fit them. Everything else stays, and every change is told.
 *
 *   parties          sim-001 ... in place of those named
 *   quorum           as it was where it fits; all parties if it was all of them, or is more than there are. With drops,
 *                    at most as many as are left in the round in which most are gone: no round waits for its deadline.
 *                    Of a cohort, whose members are not known before, three deviations below the mean
 *   minimumParties   as it was, at most the quorum
 *   cohort, enough   as they were, at most all parties
 *   deadlineSeconds  at least ten minutes: all parties share this machine, and none is late for that reason
 */
import { JobError, type JobSpec, parseJobSpec } from '../../job/index.ts'
import { encodedColumns, taskOutput } from '../../learning/index.ts'
import { MAXIMUM_PARTIES } from '../../update/index.ts'
import { CliError } from '../errors.ts'
import { type Absences, createAbsences, emptiestRound } from './absences.ts'
import type { Wanted } from './options.ts'
import { modelOfSize } from './size.ts'

const LEAST_DEADLINE_SECONDS = 600

export interface SimulatedJob {
  readonly spec: JobSpec
  readonly absences: Absences
  /** One line for each change. */
  readonly changes: readonly string[]
}

/**
 * A job may be written for the simulation alone: a cohort of 50, and three parties for form's sake. So what is wrong with
 * its numbers for the parties that it names is no problem here. Throws JobError.
 */
export function readJob(text: string): JobSpec {
  try {
    return parseJobSpec(text)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    try {
      return parseJobSpec(text, partyNames(MAXIMUM_PARTIES))
    } catch {
      throw error
    }
  }
}

/** Throws CliError CLI_SIMULATION_QUORUM; JobError where what is left is no job spec any more. */
export function simulatedJob(job: JobSpec, wanted: Wanted): SimulatedJob {
  const seed = wanted.seed ?? job.seed
  const count = wanted.rounds ?? job.rounds.count
  const parties = partyNames(wanted.parties)
  const absences = createAbsences(parties, wanted.drop, seed)
  const left = wanted.drop === 0 ? parties.length : leastLeft(absences, wanted, count, job)
  const all = job.rounds.quorum >= Math.min(job.parties.length, parties.length)
  const quorum = Math.min(all ? parties.length : job.rounds.quorum, left)
  const rounds = {
    ...job.rounds,
    ...(job.rounds.cohort && { cohort: Math.min(job.rounds.cohort, parties.length) }),
    ...(job.rounds.enough && { enough: Math.min(job.rounds.enough, parties.length) }),
    count,
    quorum,
    minimumParties: Math.min(job.rounds.minimumParties, quorum),
    deadlineSeconds: Math.max(job.rounds.deadlineSeconds, LEAST_DEADLINE_SECONDS),
  }
  const { features } = job.data
  const model =
    wanted.parameters === undefined
      ? job.model
      : modelOfSize(wanted.parameters, encodedColumns(features).length, taskOutput(job.task).outputs)
  // Read again, so that what the changes break is told as in any other spec.
  const spec = parseJobSpec(JSON.stringify({ ...job, model, parties, rounds, seed }))
  return { spec, absences, changes: changesOf(job, spec) }
}

export function partyNames(count: number): string[] {
  const digits = Math.max(3, String(count).length)
  return Array.from({ length: count }, (_, i) => `sim-${String(i + 1).padStart(digits, '0')}`)
}

function leastLeft(absences: Absences, { parties, drop }: Wanted, rounds: number, job: JobSpec): number {
  const { round, left } = emptiestRound(absences, parties, rounds)
  const cohort = job.rounds.cohort ?? parties
  const ofCohort = cohort * (1 - drop) - 3 * Math.sqrt(cohort * drop * (1 - drop))
  if (left >= 2) return cohort >= parties ? left : Math.min(left, Math.max(2, Math.floor(ofCohort)))
  const text = `with --drop ${drop} only ${left} of ${parties} parties are left in round ${round}, expected 2 or more`
  throw new CliError('CLI_SIMULATION_QUORUM', text)
}

function changesOf(before: JobSpec, after: JobSpec): string[] {
  const { parties } = after
  const compared: readonly (readonly [string, unknown, unknown])[] = [
    ['model', modelText(before.model), modelText(after.model)],
    ...Object.entries(after.rounds).map(
      ([name, value]) => [`rounds.${name}`, Reflect.get(before.rounds, name), value] as const,
    ),
    ['seed', before.seed, after.seed],
  ]
  return [
    `parties: ${parties.length}, ${parties[0]} to ${parties.at(-1)}, instead of those named`,
    ...compared.filter(([, was, is]) => was !== is).map(([name, was, is]) => `${name}: ${is} instead of ${was}`),
  ]
}

const modelText = (model: JobSpec['model']): string =>
  model.kind === 'mlp' ? `mlp [${model.hidden.join(', ')}]` : model.kind
