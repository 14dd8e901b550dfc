/** One home: configuration, key, certificate, and for a party its policy and data. */
import { access, constants, open, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { CodedError } from '../../errors/index.ts'
import { parsePartyPolicy } from '../../job/index.ts'
import { exists, readText } from '../files.ts'
import { type HomeConfig, homeFiles, keyExposure, readConfig, readIdentity } from '../home.ts'
import { certificateEnd, identityProblems, spiffeUri } from '../identity.ts'
import type { Context } from '../io.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { CALL_MS } from '../../timeouts/index.ts'

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export interface HomeChecks {
  readonly checks: readonly Check[]
  /** Undefined where coffer.yaml cannot be read. */
  readonly config: HomeConfig | undefined
}

export async function checkHome(context: Context, directory: string): Promise<HomeChecks> {
  const config = await readConfig(directory).catch(textOf)
  if (typeof config === 'string') return { checks: [fail('home', config, 'mend coffer.yaml')], config: undefined }
  const who = config.role === 'party' || config.role === 'user' ? `${config.role} ${config.name}` : config.role
  const checks = [
    ok(who, `home ${directory}`),
    await checkKey(who, directory),
    await checkIdentity(who, directory, config, context.io.now()),
    ...(config.role === 'party' ? await checkParty(who, directory, config) : []),
    ...(config.role === 'aggregator' ? [await checkState(directory, config)] : []),
    ...(config.role === 'coordinator' ? [await checkStore(directory, config)] : []),
  ]
  return { checks, config }
}

async function checkKey(who: string, directory: string): Promise<Check> {
  const file = join(directory, homeFiles.key)
  const exposure = await keyExposure(file).catch(textOf)
  if (exposure === 'none') return ok(`${who}, key`, 'only its owner can read it')
  if (exposure === 'group') return warn(`${who}, key`, `the group can read ${file}`, `chmod 600 ${file}`)
  if (exposure === 'others') return fail(`${who}, key`, `other users can read or change ${file}`, `chmod 600 ${file}`)
  return fail(`${who}, key`, exposure, 'restore key.pem, or make a new home and have it signed')
}

const DAY_MS = 86_400_000
const SOON_DAYS = 30

async function checkIdentity(who: string, directory: string, config: HomeConfig, now: number): Promise<Check> {
  const name = `${who}, certificate`
  const identity = await readIdentity(directory).catch(textOf)
  if (typeof identity === 'string') return fail(name, identity, 'put the files of coffer init back')
  const problems = identityProblems(identity, config, now)
  if (problems.length > 0)
    return fail(name, problems.join('; '), 'ask the holder of the federation root for a new certificate')
  const end = certificateEnd(identity.certificatePem)
  const found = `${spiffeUri(config)}, valid until ${new Date(end).toISOString().slice(0, 10)}`
  return end - now < SOON_DAYS * DAY_MS ? warn(name, found, 'have a new one signed soon') : ok(name, found)
}

async function checkParty(who: string, directory: string, config: HomeConfig<'party'>): Promise<Check[]> {
  const at = (path: string) => (isAbsolute(path) ? path : join(directory, path))
  const policy = await readText(at(config.policy), 'policy').then(parsePartyPolicy).catch(textOf)
  const names = Object.keys(config.datasets)
  if (typeof policy === 'string') return [fail(`${who}, policy`, policy, `mend ${at(config.policy)}`)]
  const policed = Object.keys(policy.datasets)
  const unpoliced = names.filter((name) => !policed.includes(name))
  const judged =
    unpoliced.length === 0
      ? ok(`${who}, policy`, `allows ${policy.models.join(', ')} on ${policed.join(', ') || 'no dataset'}`)
      : warn(
          `${who}, policy`,
          `says nothing of ${unpoliced.join(', ')}: jobs on it are declined`,
          `add it to ${at(config.policy)}`,
        )
  if (names.length === 0) return [judged, warn(`${who}, data`, 'no datasets', 'name one under datasets in coffer.yaml')]
  return [judged, ...(await Promise.all(names.map((name) => checkDataset(who, name, at(config.datasets[name] ?? '')))))]
}

/** Up to this size a file is read in a second; of larger ones the doctor only says that they can be read. */
const MAXIMUM_DESCRIBED_BYTES = 64 * 1024 * 1024

async function checkDataset(who: string, name: string, path: string): Promise<Check> {
  const readable = await firstByte(path).catch(textOf)
  if (readable !== 'some') {
    const found = readable === 'none' ? `${path} is empty` : readable
    return fail(`${who}, data ${name}`, found, 'correct the path under datasets in coffer.yaml, or its permissions')
  }
  if ((await stat(path)).size > MAXIMUM_DESCRIBED_BYTES) {
    return ok(`${who}, data ${name}`, `${path} is readable; not compared with any job`)
  }
  const { describeDataset } = await import('../../../parties/index.ts')
  try {
    const { rows, columns } = await describeDataset(path, AbortSignal.timeout(CALL_MS))
    const names = columns.map((column) => column.name).join(', ')
    return ok(`${who}, data ${name}`, `${path}: ${rows} rows, columns ${names}; not compared with any job`)
  } catch (error) {
    return fail(`${who}, data ${name}`, textOf(error), error instanceof CodedError ? error.row.next : 'mend the file')
  }
}

async function firstByte(path: string): Promise<'some' | 'none'> {
  const file = await open(path, 'r')
  try {
    const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0)
    return bytesRead === 0 ? 'none' : 'some'
  } finally {
    await file.close()
  }
}

/** Opening it might change it while the coordinator runs: whether the place can be written must do. */
async function checkStore(directory: string, { store }: HomeConfig<'coordinator'>): Promise<Check> {
  if (!store.startsWith('sqlite:'))
    return ok('coordinator, store', 'a database server; the coordinator tries it at its start')
  const denied = await access(directory, constants.W_OK | constants.R_OK).then(() => undefined, textOf)
  return denied === undefined
    ? ok('coordinator, store', store)
    : fail('coordinator, store', denied, `make ${directory} writable`)
}

/** It need not be there before the first start: then the nearest directory above has to be writable. */
async function checkState(directory: string, { state }: HomeConfig<'aggregator'>): Promise<Check> {
  const path = isAbsolute(state) ? state : join(directory, state)
  let at = path
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at)
  const denied = await requireWritable(at).catch(textOf)
  return denied === undefined
    ? ok('aggregator, state', at === path ? path : `${path} will be made`)
    : fail('aggregator, state', denied, `make ${at} a writable directory, or correct \`state\` in coffer.yaml`)
}

async function requireWritable(path: string): Promise<undefined> {
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  if (!(await stat(path)).isDirectory()) throw new Error(`${path} is not a directory`)
}
