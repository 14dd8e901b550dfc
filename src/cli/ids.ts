/** Ids of runs and model versions as people write them: the whole, or a beginning of it. */
import { CliError } from './errors.ts'

/** What the coordinator accepts (proto/coffer/v1/coordinator.proto), told here in words for the command line. */
export function checkedId(given: string, of: 'run' | 'model'): string {
  const id = given.toLowerCase()
  if (/^[0-9a-f]{4,32}$/.test(id)) return id
  throw new CliError(
    'CLI_ARGUMENT_INVALID',
    `"${given}" is no id of a ${of}: expected 4 to 32 hex digits (0-9, a-f), as coffer ${of} list prints them`,
  )
}
