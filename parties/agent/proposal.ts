/** What a party says to a proposed run: every reason against it, in words that may leave the bank. */
import { CodedError } from '../../src/errors/index.ts'
import { judgeJob, type JobSpec, policyReasons } from '../../src/job/index.ts'
import { PartyError } from '../errors.ts'
import type { Desk } from './desk.ts'
import { agentErrors } from './errors.ts'
import type { LocalRun } from './local-run.ts'

/**
 * Empty means accepted. What leaves the bank about its data is one code, whatever is wrong: a job's ranges and categories
 * are questions, and each answer tells something about the rows.
 * @param read may throw: then that is the reason
 * @param failed told of what is not about the policy
 */
export async function reasonsAgainst(
  read: () => JobSpec,
  { name, policy }: Pick<Desk, 'name' | 'policy'>,
  open: (spec: JobSpec) => Promise<LocalRun>,
  failed: (error: unknown) => void,
): Promise<string[]> {
  try {
    const spec = read()
    const refusals = judgeJob(spec, policy, undefined, name)
    if (refusals.length > 0) return refusals.map(({ code, text }) => `${code}: ${text}`)
    const { train, holdout } = await open(spec)
    // How many rows there are stays here: without its text, a refusal tells that they are too few and no more.
    return judgeJob(spec, policy, train.rows + holdout.rows, name).map(
      ({ code }) => `${code}: ${policyReasons[code].cause}`,
    )
  } catch (error) {
    failed(error)
    return [error instanceof CodedError ? publicText(error) : `AGENT_FAILED: see the party's log`]
  }
}

/** What others may know of an error at this party: a code and its general cause, never its message. */
export function publicText(error: CodedError): string {
  const aboutRows = error instanceof PartyError && error.code !== 'DATA_COLUMN_MISSING'
  const { code, row } = aboutRows ? { code: 'AGENT_DATA', row: agentErrors.AGENT_DATA } : error
  return `${code}: ${row.cause}`
}
