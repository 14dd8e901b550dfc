/** The attestation policy of a home. */
import { isAbsolute, join } from 'node:path'
import { CliError } from '../errors.ts'
import { exists, readText } from '../files.ts'

export const within = (directory: string, path: string): string => (isAbsolute(path) ? path : join(directory, path))

/** Throws CliError CLI_ATTESTATION_POLICY where there is none. */
export async function readPolicy(directory: string, path: string): Promise<{ text: string; file: string }> {
  const file = within(directory, path)
  if (await exists(file)) return { text: await readText(file, 'attestation policy'), file }
  throw new CliError('CLI_ATTESTATION_POLICY', `there is no attestation policy ${file}`)
}
