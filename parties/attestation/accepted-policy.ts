/**
 * The attestation policy that a party holds to: the signed file in its home, judged against the newest one it accepted
 * before. The first is trusted as the federation's root certificate is, because it came with it; from then on versions
 * only grow, and each successor needs the signatures of the organisations before it.
 */
import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { parseSignedPolicy, policyDigest, type SignedPolicy, verifyPolicy } from '../../src/job/index.ts'
import { isMissing, readText, reasonOf, writeDurably } from '../files.ts'
import { RecordError } from './errors.ts'

/** Of a signed policy with its roots, as of what is read in its place. */
const MAXIMUM_BYTES = 4 * 2 ** 20

/** Throws JobError for a file that is none, AttestationPolicyError with every reason why it does not bind. */
export async function acceptPolicy(options: {
  /** Text and name of the file in the home. */
  readonly text: string
  readonly file: string
  readonly federation: string
  /** Path of the copy of the newest accepted policy; made when there is none. */
  readonly acceptedFile: string
  /** Told when the policy was accepted for good just now; without it nothing is written down: somebody only looks. */
  readonly accepted?: (news: 'first' | 'newer', policy: SignedPolicy) => void
}): Promise<SignedPolicy> {
  const { text, file, federation, acceptedFile } = options
  const signed = parseSignedPolicy(text, file)
  const accepted = await readAccepted(acceptedFile, federation)
  verifyPolicy(signed, { federation, ...(accepted && { accepted }) })
  if (options.accepted !== undefined && accepted?.digest !== policyDigest(signed.policy)) {
    await replace(acceptedFile, text)
    options.accepted(accepted === undefined ? 'first' : 'newer', signed)
  }
  return signed
}

/** It was accepted with its signatures; one that does not bear them any more was changed since. */
async function readAccepted(file: string, federation: string) {
  try {
    const policy = verifyPolicy(parseSignedPolicy(await readText(file, MAXIMUM_BYTES), file), { federation })
    return { version: policy.version, digest: policyDigest(policy), policy }
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw new RecordError('RECORD_POLICY', `the policy accepted before, ${file}: ${reasonOf(cause)}`, { cause })
  }
}

async function replace(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeDurably(dirname(file), basename(file), text)
  } catch (cause) {
    throw new RecordError('RECORD_UNWRITABLE', `${file} could not be written: ${reasonOf(cause)}`, { cause })
  }
}
