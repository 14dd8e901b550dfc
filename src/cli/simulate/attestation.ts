/**
 * How the parties of a simulation believe its aggregator: by the verifier and the signed policy that they would use in
 * earnest, with evidence of a simulated TEE. Verdicts are made for every connection and kept nowhere.
 */
import { randomBytes } from 'node:crypto'
import {
  type AppraiserOptions,
  type CollateralSource,
  createAppraiser,
  type PartyOptions,
  type Records,
} from '../../../parties/index.ts'
import { parseCollateral } from '../../attestation/index.ts'
import { sha256, toHex } from '../../crypto/index.ts'
import { parseSignedPolicy, policyDigest, verifyPolicy } from '../../job/index.ts'
import type { Log } from '../../rpc/index.ts'
import type { Attester } from '../../tee/index.ts'
import { createSimulation, openSimulation } from '../attest/simulation.ts'

export interface SimulatedAttestation {
  readonly attester: Attester
  /** As startAggregator takes it. */
  readonly policy: { readonly digest: string; readonly version: number }
  appraiser(log: Log): PartyOptions['appraiser']
}

/** @param rootsPem of the federation */
export async function createAttestation(
  federation: string,
  rootsPem: string,
  now: () => number,
): Promise<SimulatedAttestation> {
  const seed = randomBytes(32).toString('hex')
  const simulation = await createSimulation(federation, seed, now())
  const policy = parseSignedPolicy(simulation.policy, 'the policy of the simulation')
  verifyPolicy(policy, { federation })
  const collateral = keptCollateral(simulation.collateral)
  const shared = { federation, rootsPem, policy, collateral, records, now }
  return {
    attester: await openSimulation(seed, now()),
    policy: { digest: policyDigest(policy.policy), version: policy.policy.version },
    appraiser: (log) => appraiserOf({ ...shared, log }),
  }
}

/** One for each judgement, as after a restart: an agent that is cut off again and again would be made to wait. */
function appraiserOf(options: AppraiserOptions): PartyOptions['appraiser'] {
  let accepted = createAppraiser(options)
  return {
    attested: {
      get: (epoch) => accepted.attested.get(epoch),
      get newest() {
        return accepted.attested.newest
      },
    },
    async appraise(...answer) {
      const next = createAppraiser(options)
      await next.appraise(...answer)
      accepted = next
    },
  }
}

function keptCollateral(json: string): CollateralSource {
  const collateral = parseCollateral(json)
  return {
    find: async () => ({ collateral, json }),
    forget: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const keep = async (bytes: Uint8Array): Promise<string> => toHex(sha256(bytes))
const records: Records = { keep, keepRefused: keep, write: async () => 'not kept' }
