/** `coffer init federation`: the root, and the homes of the programs that its maker runs. */
import { X509Certificate } from 'node:crypto'
import type { Secret } from '../../crypto/index.ts'
import type { Role } from '../../rpc/index.ts'
import { hostOf, isAddress } from '../address.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { type NewFile, refuseOccupied, writeDirectory } from '../files.ts'
import { type FederationConfig, federationFiles, homeFiles } from '../home.ts'
import { fingerprint } from '../identity.ts'
import type { Context } from '../io.ts'
import { aggregatorYaml, coordinatorYaml, federationYaml, userYaml } from './contents.ts'
import { checkedName, DEFAULT_DAYS, validDays } from './sign.ts'

/** The root outlives what it signs; replacing it means visiting every party. */
const ROOT_DAYS = 3650

interface Options {
  readonly coordinator: string | undefined
  readonly aggregator: string | undefined
  readonly days: number | undefined
}

const dialable = (option: string | undefined, name: string, other: string): string => {
  const address = option ?? other
  if (isAddress(address) && !address.endsWith(':0')) return address
  throw new CliError(
    'CLI_ARGUMENT_INVALID',
    `--${name} is "${address}", expected HOST:PORT with a port from 1 to 65535`,
  )
}

export async function initFederation(context: Context, options: Options, name: string): Promise<number> {
  const config: FederationConfig = {
    federation: checkedName(name, 'the federation'),
    coordinator: dialable(options.coordinator, 'coordinator', '127.0.0.1:7400'),
    aggregator: dialable(options.aggregator, 'aggregator', '127.0.0.1:7401'),
  }
  const days = validDays(options.days ?? DEFAULT_DAYS)
  await refuseOccupied(context.home)
  const { createRoot } = await import('../../rpc/index.ts')
  const now = new Date(context.io.now())
  const root = await createRoot({ federation: config.federation, now, days: ROOT_DAYS })
  const issue = { config, root, now, days }
  const hosts = (address: string) => [...new Set([hostOf(address), 'localhost', '127.0.0.1'])]
  await writeDirectory(context.home, [
    { path: federationFiles.config, text: federationYaml(config) },
    { path: federationFiles.certificate, text: root.certificatePem },
    { path: federationFiles.key, text: root.keyPem.reveal(), secret: true },
    ...(await homeOf('coordinator', 'coordinator', hosts(config.coordinator), coordinatorYaml(config), issue)),
    ...(await homeOf('aggregator', 'aggregator', hosts(config.aggregator), aggregatorYaml(config), issue)),
    ...(await homeOf('users/admin', 'user', [], userYaml(config, 'admin'), issue)),
  ])
  const rootFingerprint = fingerprint(new X509Certificate(root.certificatePem).publicKey)
  context.result({ ...config, home: context.home, rootFingerprint }, [
    `made federation ${config.federation} in ${context.home}`,
    `root key fingerprint: ${rootFingerprint}`,
    `next: coffer init party NAME --federation ${context.home} --data NAME=FILE`,
  ])
  return exits.ok.code
}

interface Issue {
  readonly config: FederationConfig
  readonly root: { readonly certificatePem: string; readonly keyPem: Secret }
  readonly now: Date
  readonly days: number
}

async function homeOf(
  directory: string,
  role: Role,
  hosts: readonly string[],
  yaml: string,
  issue: Issue,
): Promise<NewFile[]> {
  const { createRequest, signRequest } = await import('../../rpc/index.ts')
  const { config, root, now, days } = issue
  const name = directory.slice(directory.lastIndexOf('/') + 1)
  const expect = { federation: config.federation, role, name }
  const { csrPem, keyPem } = await createRequest(expect)
  const certificatePem = await signRequest({
    rootCertificatePem: root.certificatePem,
    rootKeyPem: root.keyPem,
    csrPem,
    expect,
    hosts,
    now,
    days,
  })
  return [
    { path: `${directory}/${homeFiles.config}`, text: yaml },
    { path: `${directory}/${homeFiles.certificate}`, text: certificatePem },
    { path: `${directory}/${homeFiles.key}`, text: keyPem.reveal(), secret: true },
    { path: `${directory}/${homeFiles.roots}`, text: root.certificatePem },
  ]
}
