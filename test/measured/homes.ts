/** Home directories of a measured aggregator, as its operator would lay them out, whole or with one thing wrong. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Identity } from '../../src/rpc/index.ts'
import type { AttestationPolicy, SignedPolicy } from '../../src/job/index.ts'
import { signedPolicyText } from '../../src/job/index.ts'
import { policy as base, signedBy } from '../job/attestation-policies.ts'
import { type Authority, createAuthority } from '../support/identities.ts'

export const FEDERATION = 'north'

export interface TestHome extends AsyncDisposable {
  readonly path: string
  readonly authority: Authority
  readonly identity: Identity
  readonly signed: SignedPolicy
}

export const productionPolicy = (changes: Partial<AttestationPolicy> = {}): SignedPolicy =>
  signedBy({ ...base, federation: FEDERATION, ...changes }, 'alpha', 'beta')

export interface HomeChanges {
  /** Lines of coffer.yaml instead of the usual ones. */
  readonly config?: string
  readonly signed?: SignedPolicy
  readonly keyMode?: number
  readonly identity?: Identity
}

export async function createHome(changes: HomeChanges = {}): Promise<TestHome> {
  const { config = configOf(), signed = productionPolicy(), keyMode = 0o600 } = changes
  const authority = await createAuthority(FEDERATION)
  const identity = changes.identity ?? (await authority.issue('aggregator', 'aggregator'))
  const path = await mkdtemp(join(tmpdir(), 'coffer-measured-'))
  const files = {
    'coffer.yaml': config,
    'certificate.pem': identity.certificatePem,
    'key.pem': identity.keyPem.reveal(),
    'roots.pem': identity.rootsPem,
    'attestation-policy.json': signedPolicyText(signed),
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  await chmod(join(path, 'key.pem'), keyMode)
  const remove = () => rm(path, { recursive: true, force: true })
  return { path, authority, identity, signed, [Symbol.asyncDispose]: remove }
}

export const configOf = (changes: Record<string, string> = {}): string =>
  Object.entries({
    federation: FEDERATION,
    role: 'aggregator',
    name: 'aggregator',
    listen: '127.0.0.1:0',
    tee: 'tdx',
    attestationPolicy: 'attestation-policy.json',
    ...changes,
  })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
