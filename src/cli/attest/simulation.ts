/**
 * The simulated TEE of a federation that has no hardware: for demonstrations, tests and development. It really signs,
 * and it measures the program that really runs, so that a changed program is refused as on hardware; but whoever reads
 * the seed can sign anything, and its policy, verdicts and screens say SIMULATED.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseQuote } from '../../attestation/index.ts'
import { type AttestationPolicy, policyFormat, publicKeyPem, signedPolicyText, signPolicy } from '../../job/index.ts'
import { type Attester, rtmr3After } from '../../tee/index.ts'
import { createSimulatedAttester, createSimulatedPlatform } from '../../tee/simulator/index.ts'
import { tdxReference } from './measure-programs.ts'

const TEE = 'tdx-v4'
const SOURCES = fileURLToPath(new URL('../..', import.meta.url))
/** Rooms that are no part of the program that sums. */
const UNMEASURED = new Set(['cli', 'coordinator', 'store'])
const DAY_SECONDS = 86_400
/** Simulated collateral is one day old when it is made and ends 29 days later. */
const COLLATERAL_DAYS = 31

/** An attester under the seed. `now` in milliseconds since 1970. */
export async function openSimulation(seed: string, now: number): Promise<Attester> {
  const platform = createSimulatedPlatform({ seed, now: new Date(now), tee: TEE })
  return createSimulatedAttester(platform, { rtmr3: rtmr3After(await programDigest()) })
}

export interface Simulation {
  /** Signed, of purpose simulation: accepts the program as it stands on this machine, and nothing else. */
  readonly policy: string
  readonly collateral: string
  /** PKCS#8, of the one organisation that signed. */
  readonly organisationKey: string
}

export const FOUNDER = 'founder'

export async function createSimulation(federation: string, seed: string, now: number): Promise<Simulation> {
  const platform = createSimulatedPlatform({ seed, now: new Date(now), tee: TEE })
  const attester = await openSimulation(seed, now)
  const { body } = parseQuote(await attester.quote(new Uint8Array(64), new AbortController().signal))
  if (body.kind === 'sgx') throw new Error('the simulation is of a TD')
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const policy: AttestationPolicy = {
    format: policyFormat,
    federation,
    version: 1,
    purpose: 'simulation',
    organisations: { [FOUNDER]: publicKeyPem(publicKey) },
    threshold: 1,
    roots: [platform.rootPem],
    roles: {
      aggregator: {
        tcbStatuses: ['UpToDate'],
        advisories: [],
        minimumTcbEvaluation: 1,
        maximumCollateralAge: COLLATERAL_DAYS * DAY_SECONDS,
        programs: [tdxReference(body, undefined).program],
      },
    },
  }
  return {
    policy: signedPolicyText(signPolicy({ policy, signatures: [] }, FOUNDER, privateKey)),
    collateral: platform.collateralJson(),
    organisationKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

/** SHA-384 over the sources of the aggregator, path by path: what a bundle's digest is on hardware. */
async function programDigest(): Promise<Uint8Array> {
  const hash = createHash('sha384')
  for (const path of await sources()) {
    const bytes = await readFile(join(SOURCES, path))
    hash.update(`${path.split(sep).join('/')}\0${bytes.length}\0`).update(bytes)
  }
  return new Uint8Array(hash.digest())
}

async function sources(): Promise<string[]> {
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(SOURCES, join(entry.parentPath, entry.name)))
    .filter((path) => !UNMEASURED.has(path.split(sep)[0] ?? ''))
    .sort()
}
