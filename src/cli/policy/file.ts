/**
 * Policy files for the verbs: read strictly, replaced whole or not at all, so that an interrupted `policy sign` leaves
 * the file as it was.
 */
import { randomBytes } from 'node:crypto'
import { chmod, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type AttestationPolicy, parseSignedPolicy, type SignedPolicy, signedPolicyText } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { readText, writeNew } from '../files.ts'
import type { Context } from '../io.ts'

export async function readSignedPolicy(context: Context, file: string): Promise<SignedPolicy> {
  return parseSignedPolicy(await readText(context.path(file), 'attestation policy'), file)
}

/** Written beside and renamed, with the permissions of the file that it replaces. */
export async function replacePolicy(path: string, signed: SignedPolicy): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}-${randomBytes(6).toString('hex')}`)
  await writeNew({ path: draft, text: signedPolicyText(signed) })
  try {
    await chmod(draft, (await stat(path)).mode & 0o777)
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('CLI_FILE_UNWRITABLE', `${path} cannot be replaced: ${why}`, { cause })
  }
}

/** First on every screen about a policy that protects nothing. */
export function loud({ purpose }: AttestationPolicy): string[] {
  return purpose === 'simulation'
    ? ['SIMULATED: this policy accepts a simulated TEE, which protects nothing. Never use it with real data.', '']
    : []
}
