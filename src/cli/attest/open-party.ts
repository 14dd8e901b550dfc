/** What a party judges the aggregator by, out of its home. */
import { join } from 'node:path'
import {
  type AppraiserOptions,
  type CollateralSource,
  acceptPolicy,
  createAppraiser,
  createCollateralSource,
  createRecords,
  type PartyAppraiser,
} from '../../../parties/index.ts'
import { policyDigest, type SignedPolicy } from '../../job/index.ts'
import type { Log } from '../../rpc/index.ts'
import { readText } from '../files.ts'
import { type Home, type HomeConfig, homeFiles } from '../home.ts'
import type { Context } from '../io.ts'
import { readPolicy, within } from './policy-file.ts'

export interface PartyAttestation extends AsyncDisposable {
  readonly appraiser: PartyAppraiser
}

export interface OpeningOptions {
  readonly judged?: AppraiserOptions['judged']
  /** Told when a policy is accepted for good; without it none is. */
  readonly tell?: (text: string) => void
}

function acceptance(news: 'first' | 'newer', policy: SignedPolicy['policy']): string {
  const what = `attestation policy ${policy.federation} version ${policy.version}, digest ${policyDigest(policy)}`
  if (news === 'newer') return `accepted the newer ${what}; no older one will be accepted any more`
  return `accepted for the first time: ${what}; compare the digest with the other organisations`
}

/** Throws CliError, JobError, AttestationPolicyError, RecordError and CollateralError before anything is dialled. */
export async function openAppraiser(
  context: Context,
  { directory, config, identity }: Home<'party'>,
  log: Log,
  { judged, tell }: OpeningOptions,
): Promise<PartyAttestation> {
  const { federation, attestation } = config
  const { now } = context.io
  const state = join(directory, homeFiles.attestation)
  const { text, file } = await readPolicy(directory, attestation.policy)
  const acceptedFile = join(state, 'accepted-policy.json')
  const accepted = (news: 'first' | 'newer', signed: SignedPolicy) => tell?.(acceptance(news, signed.policy))
  const policy = await acceptPolicy({ text, file, federation, acceptedFile, ...(tell && { accepted }) })
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
