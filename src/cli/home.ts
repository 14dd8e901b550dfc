/**
 * Home directories: where a program or a user keeps its configuration, certificate and key. Read and checked here and
 * nowhere else; a home whose parts do not fit together is refused before anything is dialled.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Secret } from '../crypto/index.ts'
import { nameSchema, parseConfig } from '../job/index.ts'
import type { Identity, Role } from '../rpc/index.ts'
import { isAddress } from './address.ts'
import { CliError } from './errors.ts'
import { exists, readText } from './files.ts'
import { identityProblems } from './identity.ts'
import type { Context } from './io.ts'

export const namePattern = /^[a-z][a-z0-9-]{0,62}$/
const name = nameSchema
const address = z.string().refine(isAddress, 'an address HOST:PORT')
const path = z.string().min(1)

/** A PCS or PCCS; Intel's where none is named. */
const serviceSchema = z.strictObject({
  service: z.url().optional(),
  rootCrl: z.url().optional(),
  authorities: path.optional(),
})

const homeSchemas = {
  coordinator: z.strictObject({
    federation: name,
    role: z.literal('coordinator'),
    name,
    listen: address,
    aggregator: address,
    store: z.string().min(1).default('sqlite:coordinator.db'),
  }),
  aggregator: z.strictObject({
    federation: name,
    role: z.literal('aggregator'),
    name,
    listen: address,
    tee: z.enum(['auto', 'tdx', 'occlum', 'gramine', 'simulated']).default('auto'),
    attestationPolicy: path.default('attestation-policy.json'),
    /** The directory with the runs, sealed; relative to the home. */
    state: path.default('state'),
  }),
  party: z.strictObject({
    federation: name,
    role: z.literal('party'),
    name,
    coordinator: address,
    aggregator: address,
    policy: path.default('policy.yaml'),
    datasets: z.record(name, path).default({}),
    backend: z.enum(['node', 'wasm', 'cpu']).optional(),
    /** What must outlive a crash of the agent. */
    state: path.default('state'),
    attestation: z
      .strictObject({
        policy: path.default('attestation-policy.json'),
        overlay: path.optional(),
        collateral: z.union([serviceSchema, z.strictObject({ bundle: path })]).default({}),
      })
      .prefault({}),
  }),
  user: z.strictObject({ federation: name, role: z.literal('user'), name, coordinator: address }),
} as const satisfies Record<Role, z.ZodType>

export type HomeConfig<R extends Role = Role> = z.infer<(typeof homeSchemas)[R]>

export const federationSchema = z.strictObject({ federation: name, coordinator: address, aggregator: address })
export type FederationConfig = z.infer<typeof federationSchema>

export interface Home<R extends Role = Role> {
  readonly directory: string
  readonly config: HomeConfig<R>
  readonly identity: Identity
}

export const homeFiles = {
  config: 'coffer.yaml',
  certificate: 'certificate.pem',
  key: 'key.pem',
  roots: 'roots.pem',
  request: 'request.csr',
  attestationPolicy: 'attestation-policy.json',
  collateral: 'collateral.json',
  simulatorSeed: 'simulator.seed',
  /** The coordinator's: signs the checkpoints of its log. */
  ledgerKey: 'ledger.key',
  /** A party's: what it saw of the coordinator's log. */
  witness: 'ledger',
  /** A party's records of what it verified, and what they rest on. */
  attestation: 'attestation',
} as const
export const federationFiles = { config: 'federation.yaml', certificate: 'root.pem', key: 'root.key.pem' } as const

const places: Readonly<Record<Role, string>> = {
  coordinator: 'coordinator',
  aggregator: 'aggregator',
  party: 'parties',
  user: 'users',
}

/** All homes below a base directory: the base itself, or those of a federation home. */
export async function findHomes(base: string, role: Role): Promise<string[]> {
  if (await exists(join(base, homeFiles.config))) return [base]
  if (!(await exists(join(base, federationFiles.config)))) return []
  const place = join(base, places[role])
  if (role === 'coordinator' || role === 'aggregator') return (await exists(place)) ? [place] : []
  const entries = await readdir(place).catch(() => [])
  const candidates = entries.sort().map((entry) => join(place, entry))
  const found = await Promise.all(candidates.map((each) => exists(join(each, homeFiles.config))))
  return candidates.filter((_, index) => found[index])
}

async function findHome(context: Context, role: Role): Promise<string> {
  const found = await findHomes(context.home, role)
  const [only] = found
  if (found.length === 1 && only !== undefined) return only
  if (role === 'user' && found.length > 1) return found.find((each) => each.endsWith('admin')) ?? found[0] ?? ''
  if (found.length > 1) {
    throw new CliError(
      'CLI_HOME_MISSING',
      `${context.home} has ${found.length} homes of role ${role}: give --home one of ${found.join(', ')}`,
    )
  }
  throw new CliError(
    'CLI_HOME_MISSING',
    `${context.home} is no home of role ${role}: neither coffer.yaml nor federation.yaml with such a home is there`,
  )
}

const roleSchema = z.looseObject({ role: z.enum(['coordinator', 'aggregator', 'party', 'user']) })

/** The role first, so that a home of another role is called that and not a list of unknown keys. */
export async function readConfig<R extends Role>(directory: string, role: R): Promise<HomeConfig<R>>
export async function readConfig(directory: string, role?: Role): Promise<HomeConfig>
export async function readConfig(directory: string, role?: Role): Promise<HomeConfig> {
  const file = join(directory, homeFiles.config)
  const text = await readText(file, 'configuration')
  const found = parseConfig(roleSchema, text, file).role
  if (role !== undefined && found !== role) {
    throw new CliError('CLI_HOME_ROLE', `${directory} is a home of role ${found}, expected role ${role}`)
  }
  return parseConfig<HomeConfig>(homeSchemas[found], text, file)
}

/** Others may not read a key. A group may, where it is meant (secrets mounted for a service): that is a remark. */
export async function keyExposure(file: string): Promise<'none' | 'group' | 'others'> {
  if (process.platform === 'win32') return 'none'
  const { mode } = await stat(file)
  if ((mode & 0o037) !== 0) return 'others'
  return (mode & 0o040) === 0 ? 'none' : 'group'
}

export async function checkKey(context: Context, file: string): Promise<void> {
  const exposure = await keyExposure(file).catch(() => 'none')
  if (exposure === 'group') context.remark(`warning: the group can read ${file}`)
  if (exposure === 'others') {
    throw new CliError(
      'CLI_KEY_EXPOSED',
      `other users can read the private key ${file} or change it; expected mode 0600`,
    )
  }
}

export async function readIdentity(directory: string): Promise<Identity> {
  const [certificatePem, keyPem, rootsPem] = await Promise.all([
    readText(join(directory, homeFiles.certificate), 'certificate'),
    readText(join(directory, homeFiles.key), 'private key'),
    readText(join(directory, homeFiles.roots), 'roots'),
  ])
  return { certificatePem, keyPem: new Secret(keyPem), rootsPem }
}

/** The home that a verb works with: found, read, and its parts checked against each other. */
export async function openHome<R extends Role>(context: Context, role: R): Promise<Home<R>> {
  const directory = await findHome(context, role)
  const config = await readConfig(directory, role)
  await checkKey(context, join(directory, homeFiles.key))
  const identity = await readIdentity(directory)
  const problems = identityProblems(identity, config, context.io.now())
  if (problems.length > 0) throw new CliError('CLI_IDENTITY_UNUSABLE', `${directory}: ${problems.join('; ')}`)
  return { directory, config, identity }
}
