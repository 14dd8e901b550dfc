/** `coffer init sign`: the holder of the root signs a party's request. The party's key is never here. */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { Secret } from '../../crypto/index.ts'
import { parseConfig } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, readText, writeNew } from '../files.ts'
import { type FederationConfig, federationFiles, federationSchema, keyExposure, namePattern } from '../home.ts'
import { fingerprint } from '../identity.ts'
import type { Context } from '../io.ts'

export const DEFAULT_DAYS = 365
/** Beyond the root's own time a certificate would be refused anyway. */
const MAXIMUM_DAYS = 3650

export function validDays(days: number): number {
  if (days >= 1 && days <= MAXIMUM_DAYS) return days
  throw new CliError('CLI_ARGUMENT_INVALID', `--days is ${days}, expected 1 to ${MAXIMUM_DAYS}`)
}

export function checkedName(name: string, of: string): string {
  if (namePattern.test(name)) return name
  throw new CliError(
    'CLI_ARGUMENT_INVALID',
    `the name of ${of} is "${name}", expected a-z, 0-9 and -, beginning with a letter, at most 63 characters`,
  )
}

/** federation.yaml itself, or the directory that holds it. */
export async function readFederation(path: string): Promise<FederationConfig> {
  const file = (await exists(join(path, federationFiles.config))) ? join(path, federationFiles.config) : path
  return parseConfig(federationSchema, await readText(file, 'federation'), file)
}

export async function readRoot(directory: string): Promise<{ certificatePem: string; keyPem: Secret }> {
  const key = join(directory, federationFiles.key)
  const certificatePem = await readText(join(directory, federationFiles.certificate), 'root certificate')
  const keyPem = await readText(key, 'root key')
  if ((await keyExposure(key)) === 'others') {
    throw new CliError('CLI_KEY_EXPOSED', `other users can read the root key ${key} or change it; expected mode 0600`)
  }
  return { certificatePem, keyPem: new Secret(keyPem) }
}

/** Returns the certificate and the fingerprint of the key that it certifies. */
export async function signParty(
  directory: string,
  request: { readonly csrPem: string; readonly name: string; readonly days: number; readonly now: number },
): Promise<{ certificatePem: string; rootPem: string; keyFingerprint: string; federation: FederationConfig }> {
  const federation = await readFederation(directory)
  const root = await readRoot(directory)
  const { signRequest } = await import('../../rpc/index.ts')
  const certificatePem = await signRequest({
    rootCertificatePem: root.certificatePem,
    rootKeyPem: root.keyPem,
    csrPem: request.csrPem,
    expect: { federation: federation.federation, role: 'party', name: request.name },
    hosts: [],
    now: new Date(request.now),
    days: request.days,
  })
  const keyFingerprint = fingerprint(new X509Certificate(certificatePem).publicKey)
  return { certificatePem, rootPem: root.certificatePem, keyFingerprint, federation }
}

export function required(value: string | undefined, option: string): string {
  if (value === undefined) throw new CliError('CLI_ARGUMENT_INVALID', `--${option} is missing`)
  return value
}

export async function initSign(
  context: Context,
  options: {
    readonly federation: string | undefined
    readonly name: string | undefined
    readonly out: string | undefined
    readonly days: number | undefined
  },
  file: string,
): Promise<number> {
  const name = checkedName(required(options.name, 'name'), 'the party')
  const out = context.path(required(options.out, 'out'))
  const directory = options.federation === undefined ? context.home : context.path(options.federation)
  const csrPem = await readText(context.path(file), 'certificate request')
  const days = validDays(options.days ?? DEFAULT_DAYS)
  const { certificatePem, keyFingerprint, federation } = await signParty(directory, {
    csrPem,
    name,
    days,
    now: context.io.now(),
  })
  await writeNew({ path: out, text: certificatePem })
  context.result({ federation: federation.federation, party: name, certificate: out, keyFingerprint }, [
    `signed party ${name} of federation ${federation.federation}: ${out}`,
    `key fingerprint: ${keyFingerprint}`,
    `next: compare the fingerprint with the party's, then send it ${out}, root.pem and federation.yaml`,
  ])
  return exits.ok.code
}
