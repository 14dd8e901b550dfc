/** What an aggregator attests itself with, out of its home. */
import { join } from 'node:path'
import { parseSignedPolicy, policyDigest, verifyPolicy } from '../../job/index.ts'
import type { Log } from '../../rpc/index.ts'
import { type Attester, createDevices, openAttester } from '../../tee/index.ts'
import { CliError } from '../errors.ts'
import { readText } from '../files.ts'
import { type Home, homeFiles } from '../home.ts'
import type { Context } from '../io.ts'
import { readPolicy } from './policy-file.ts'

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
  const { text, file } = await readPolicy(directory, config.attestationPolicy)
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
