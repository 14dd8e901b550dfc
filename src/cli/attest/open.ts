/** Attestation out of a home: what an aggregator attests itself with, and what a party judges it by. */
import { isAbsolute, join } from 'node:path'
import {
  type AppraiserOptions,
  type CollateralSource,
  acceptPolicy,
  createAppraiser,
  createCollateralSource,
  createRecords,
} from '../../../parties/index.ts'
import { parseSignedPolicy, policyDigest, verifyPolicy } from '../../job/index.ts'
import type { Appraiser, Log } from '../../rpc/index.ts'
import { type Attester, createDevices, openAttester } from '../../tee/index.ts'
import { CliError } from '../errors.ts'
import { exists, readText } from '../files.ts'
import { type Home, type HomeConfig, homeFiles } from '../home.ts'
import type { Context } from '../io.ts'

const within = (directory: string, path: string): string => (isAbsolute(path) ? path : join(directory, path))

async function policyText(directory: string, path: string): Promise<{ text: string; file: string }> {
  const file = within(directory, path)
  if (await exists(file)) return { text: await readText(file, 'attestation policy'), file }
  throw new CliError('CLI_ATTESTATION_POLICY', `there is no attestation policy ${file}`)
}

export interface AggregatorAttestation {
  readonly attester: Attester
  readonly policy: { readonly digest: string; readonly version: number }
}

/** Throws CliError, JobError and TeeError before anything is served. */
export async function openAttestation(
  { io }: Context,
  home: Home<'aggregator'>,
  log: Log,
): Promise<AggregatorAttestation> {
  const { directory, config } = home
  const { text, file } = await policyText(directory, config.attestationPolicy)
  const policy = verifyPolicy(parseSignedPolicy(text, file), { federation: config.federation })
  const accepted = { digest: policyDigest(policy), version: policy.version }
  if (config.tee !== 'simulated') return { attester: await openAttester(config.tee, createDevices()), policy: accepted }
  if (policy.purpose !== 'simulation') {
    const message = `${directory} asks for a simulated TEE, and ${file} is a policy for ${policy.purpose}`
    throw new CliError('CLI_SIMULATION_REFUSED', message)
  }
  const { openSimulation } = await import('./simulation.ts')
  const seed = await readText(join(directory, homeFiles.simulatorSeed), 'seed of the simulated TEE')
  log.warn({}, 'SIMULATED: this aggregator runs in no TEE; whoever runs this machine can read what it is told')
  return { attester: await openSimulation(seed.trim(), io.now()), policy: accepted }
}

export interface PartyAttestation extends AsyncDisposable {
  readonly appraiser: Appraiser
}

/** Throws CliError, JobError, AttestationPolicyError, RecordError and CollateralError before anything is dialled. */
export async function openAppraiser(
  context: Context,
  { directory, config, identity }: Home<'party'>,
  log: Log,
  judged?: AppraiserOptions['judged'],
): Promise<PartyAttestation> {
  const { federation, attestation } = config
  const { now } = context.io
  const state = join(directory, homeFiles.attestation)
  const { text, file } = await policyText(directory, attestation.policy)
  const policy = await acceptPolicy({ text, file, federation, acceptedFile: join(state, 'accepted-policy.json') })
  const overlay = attestation.overlay === undefined ? undefined : within(directory, attestation.overlay)
  const collateral = await openCollateral(context, directory, config, log)
  const appraiser = createAppraiser({
    federation,
    rootsPem: identity.rootsPem,
    policy,
    ...(overlay && { overlay: { text: await readText(overlay, 'attestation overlay'), file: overlay } }),
    collateral,
    records: createRecords(state),
    now,
    log,
    ...(judged && { judged }),
  })
  return { appraiser, [Symbol.asyncDispose]: () => collateral[Symbol.asyncDispose]() }
}

async function openCollateral(
  { io }: Context,
  directory: string,
  { attestation: { collateral } }: HomeConfig<'party'>,
  log: Log,
): Promise<CollateralSource> {
  const cacheDirectory = join(directory, homeFiles.attestation, 'collateral')
  const common = { cacheDirectory, now: io.now, log }
  if ('bundle' in collateral) return createCollateralSource({ ...common, bundle: within(directory, collateral.bundle) })
  const { service, rootCrl, authorities } = collateral
  return createCollateralSource({
    ...common,
    ...(service && { service }),
    ...(rootCrl && { rootCrl }),
    ...(authorities && { authorities: await readText(within(directory, authorities), 'authorities') }),
  })
}
