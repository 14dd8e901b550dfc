/**
 * The home of the measured aggregator: what it is, who it is, and the signed policy. The same files as every home, read
 * here again without the command line, because each line that is measured has to be read by a reviewer.
 *
 * Nothing in it is trusted beyond what evidence binds: the host can write these files. Keys are bound to the evidence
 * by the session proof, and the policy by its digest; deploy/README.md says what the rest can and cannot do.
 */
import { X509Certificate } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { Secret } from '../crypto/index.ts'
import { nameSchema, parseConfig } from '../job/index.ts'
import { type Identity, parsePeer } from '../rpc/index.ts'
import { MeasuredError } from './errors.ts'
import { readBounded, readTextFile, toText } from './files.ts'

/** Of each file: configuration, certificates and keys are kilobytes, a signed policy with its roots some more. */
const MAXIMUM_BYTES = 1024 * 1024

const homeSchema = z.strictObject({
  federation: nameSchema,
  role: z.literal('aggregator'),
  name: nameSchema,
  /** HOST:PORT; its form is checked where it is listened on. */
  listen: z.string().min(1).max(300),
  /** No simulated one: the measured program does not contain it. */
  tee: z.enum(['auto', 'tdx', 'occlum', 'gramine']).default('auto'),
  attestationPolicy: z.string().min(1).max(4096).default('attestation-policy.json'),
  /** The directory with the runs. What is in it is sealed: the host may keep it, and can only take it away. */
  state: z.string().min(1).max(4096).default('state'),
})
export type MeasuredConfig = z.infer<typeof homeSchema>

export interface MeasuredHome {
  readonly config: MeasuredConfig
  readonly identity: Identity
  /** Path and text of the signed policy, not yet looked at. */
  readonly policy: { readonly file: string; readonly text: string }
  readonly stateDirectory: string
}

/** Throws MeasuredError, JobError CONFIG_INVALID, RpcError PEER_CERTIFICATE_INVALID. */
export async function readHome(directory: string): Promise<MeasuredHome> {
  const at = (path: string) => (isAbsolute(path) ? path : join(directory, path))
  const file = at('coffer.yaml')
  const config = parseConfig(homeSchema, await readTextFile(file, 'configuration', MAXIMUM_BYTES), file)
  const identity = {
    certificatePem: await readTextFile(at('certificate.pem'), 'certificate', MAXIMUM_BYTES),
    keyPem: await readKey(at('key.pem')),
    rootsPem: await readTextFile(at('roots.pem'), 'roots', MAXIMUM_BYTES),
  }
  requireOwnName(identity, config, directory)
  const policy = at(config.attestationPolicy)
  const text = await readTextFile(policy, 'policy', MAXIMUM_BYTES)
  return { config, identity, policy: { file: policy, text }, stateDirectory: at(config.state) }
}

/** Others may neither read nor write it; a group may read, where a service is given it that way. */
async function readKey(path: string): Promise<Secret> {
  const { bytes, mode } = await readBounded(path, 'private key', MAXIMUM_BYTES)
  if ((mode & 0o037) !== 0) {
    const found = mode.toString(8).padStart(4, '0')
    throw new MeasuredError('MEASURED_KEY_EXPOSED', `private key ${path} has mode ${found}, expected 0600 or 0640`)
  }
  return new Secret(toText(bytes, path, 'private key'))
}

/** Chain, dates and key are checked when the program begins to serve; that it is this program's, nobody else checks. */
function requireOwnName(identity: Identity, config: MeasuredConfig, directory: string): void {
  const { federation, role, name } = parsePeer(readCertificate(identity.certificatePem, directory).raw)
  if (federation === config.federation && role === config.role && name === config.name) return
  throw new MeasuredError(
    'MEASURED_IDENTITY',
    `${directory}: the certificate is of ${role} ${name} of federation ${federation}, coffer.yaml describes ` +
      `${config.role} ${config.name} of federation ${config.federation}`,
  )
}

function readCertificate(pem: string, directory: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new MeasuredError('MEASURED_IDENTITY', `${directory}: certificate.pem is no certificate`, { cause: error })
  }
}
