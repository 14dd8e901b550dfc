/** `coffer init federation`: the root, and the homes of the programs that its maker runs. */
import { randomBytes, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
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
  readonly simulated: boolean
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
  const simulation = options.simulated ? await simulationFiles(config.federation, context.io.now()) : []
  const yaml = aggregatorYaml(options.simulated ? 'simulated' : 'auto')(config)
  await writeDirectory(context.home, [
    { path: federationFiles.config, text: federationYaml(config) },
    { path: federationFiles.certificate, text: root.certificatePem },
    { path: federationFiles.key, text: root.keyPem.reveal(), secret: true },
    ...(await homeOf('coordinator', 'coordinator', hosts(config.coordinator), coordinatorYaml(config), issue)),
    ...(await homeOf('aggregator', 'aggregator', hosts(config.aggregator), yaml, issue)),
    ...(await homeOf('users/admin', 'user', [], userYaml(config, 'admin'), issue)),
    ...simulation,
  ])
  const rootFingerprint = fingerprint(new X509Certificate(root.certificatePem).publicKey)
  const { simulated } = options
  context.result({ ...config, home: context.home, rootFingerprint, simulated }, [
    `made federation ${config.federation} in ${context.home}`,
    `root key fingerprint: ${rootFingerprint}`,
    ...(simulated
      ? ['SIMULATED: its aggregator runs in a simulated TEE, which protects nothing']
      : policySteps(context)),
    `next: coffer init party NAME --federation ${context.home} --data NAME=FILE`,
  ])
  return exits.ok.code
}

/** Which aggregator is to be believed is for the organisations to say, once they know what it will run on. */
const policySteps = ({ home }: Context): string[] => [
  'next: coffer attest measure, policy new and policy sign make the attestation policy of the federation; put it',
  `      into ${home} and ${join(home, 'aggregator')} as ${homeFiles.attestationPolicy} (docs/operations-attestation.md says how)`,
]

/** A policy that accepts the program of this machine under a new seed, and the collateral for it. */
async function simulationFiles(federation: string, now: number): Promise<NewFile[]> {
  const { createSimulation, FOUNDER } = await import('../attest/simulation.ts')
  const seed = randomBytes(32).toString('hex')
  const { policy, collateral, organisationKey } = await createSimulation(federation, seed, now)
  return [
    { path: homeFiles.attestationPolicy, text: policy },
    { path: homeFiles.collateral, text: collateral },
    { path: `organisations/${FOUNDER}.key.pem`, text: organisationKey, secret: true },
    { path: `aggregator/${homeFiles.attestationPolicy}`, text: policy },
    { path: `aggregator/${homeFiles.simulatorSeed}`, text: `${seed}\n`, secret: true },
  ]
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
