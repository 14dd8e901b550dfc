/**
 * `coffer init party`: a party's home. Either all at once where the root is at hand (development, one operator), or in
 * two steps between which only the request and the certificate travel: the private key is made here and stays here.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { Secret } from '../../crypto/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, type NewFile, readText, writeDirectory, writeNew } from '../files.ts'
import { type FederationConfig, federationFiles, homeFiles, namePattern, readConfig } from '../home.ts'
import { fingerprint, identityProblems } from '../identity.ts'
import type { Context } from '../io.ts'
import { type Datasets, partyYaml, policyYaml } from './contents.ts'
import { checkedName, DEFAULT_DAYS, readFederation, required, signParty, validDays } from './sign.ts'

export interface PartyOptions {
  readonly federation: string | undefined
  readonly data: readonly string[]
  readonly request: boolean
  readonly certificate: string | undefined
  readonly roots: string | undefined
  readonly days: number | undefined
}

export async function initParty(context: Context, options: PartyOptions, given: string): Promise<number> {
  const name = checkedName(given, 'the party')
  refuseMixture(options)
  if (options.certificate !== undefined)
    return await install(context, name, options.certificate, required(options.roots, 'roots'))
  const federation = context.path(required(options.federation, 'federation'))
  if (options.request) return await request(context, name, federation, options)
  return await signedHome(context, name, federation, options)
}

function refuseMixture({ certificate, roots, request, federation, data }: PartyOptions): void {
  const refuse = (message: string) => new CliError('CLI_ARGUMENT_INVALID', message)
  if (certificate !== undefined && (request || federation !== undefined || data.length > 0)) {
    throw refuse('--certificate completes a home that exists: --request, --federation and --data do not go with it')
  }
  if (certificate === undefined && roots !== undefined) throw refuse('--roots goes with --certificate only')
}

/** NAME=FILE; paths below the home are kept relative to it, so that the home may move with its data. */
async function readDatasets(context: Context, home: string, data: readonly string[]): Promise<Datasets> {
  const datasets: Record<string, string> = {}
  for (const each of data) {
    const [name = '', ...rest] = each.split('=')
    const file = rest.join('=')
    if (!namePattern.test(name) || file === '') {
      throw new CliError('CLI_ARGUMENT_INVALID', `--data is "${each}", expected NAME=FILE with a name such as loans`)
    }
    if (Object.hasOwn(datasets, name)) throw new CliError('CLI_ARGUMENT_INVALID', `--data names ${name} twice`)
    const path = context.path(file)
    if (!(await exists(path))) throw new CliError('CLI_FILE_UNREADABLE', `dataset ${name}: there is no file ${path}`)
    const inside = relative(home, path)
    datasets[name] = inside.startsWith('..') || isAbsolute(inside) ? path : inside
  }
  return datasets
}

/** `given`: what the federation gave beside federation.yaml for attesting its aggregator. */
function commonFiles(
  federation: FederationConfig,
  name: string,
  datasets: Datasets,
  keyPem: Secret,
  given: readonly NewFile[],
): NewFile[] {
  const bundle = given.find(({ path }) => path === homeFiles.collateral)?.path
  return [
    { path: homeFiles.config, text: partyYaml(federation, name, datasets, bundle) },
    { path: 'policy.yaml', text: policyYaml(Object.keys(datasets)) },
    { path: homeFiles.key, text: keyPem.reveal(), secret: true },
    ...given,
  ]
}

/** The attestation policy, trusted like the root certificate that comes with it, and collateral where there is some. */
async function attestationFiles(context: Context, path: string): Promise<NewFile[]> {
  const directory = (await exists(join(path, federationFiles.config))) ? path : dirname(path)
  const files: NewFile[] = []
  for (const name of [homeFiles.attestationPolicy, homeFiles.collateral]) {
    const file = join(directory, name)
    if (await exists(file)) files.push({ path: name, text: await readText(file, name) })
  }
  if (!files.some((file) => file.path === homeFiles.attestationPolicy)) {
    context.remark(`${directory} has no ${homeFiles.attestationPolicy}: put it into the home before the agent starts`)
  }
  return files
}

function nextStep(home: string, datasets: Datasets): string {
  const policy = join(home, 'policy.yaml')
  const start = `then coffer party --home ${home}`
  if (Object.keys(datasets).length > 0) return `next: look at ${policy}, ${start}`
  return `next: add a dataset to ${join(home, homeFiles.config)} and ${policy} (without one no job can run), ${start}`
}

async function signedHome(context: Context, name: string, directory: string, options: PartyOptions): Promise<number> {
  const home = context.homeGiven ? context.home : join(directory, 'parties', name)
  const datasets = await readDatasets(context, home, options.data)
  const days = validDays(options.days ?? DEFAULT_DAYS)
  const federation = await readFederation(directory)
  const { createRequest } = await import('../../rpc/index.ts')
  const { csrPem, keyPem } = await createRequest({ federation: federation.federation, role: 'party', name })
  const given = await attestationFiles(context, directory)
  const signed = await signParty(directory, { csrPem, name, days, now: context.io.now() })
  await writeDirectory(home, [
    ...commonFiles(federation, name, datasets, keyPem, given),
    { path: homeFiles.certificate, text: signed.certificatePem },
    { path: homeFiles.roots, text: signed.rootPem },
  ])
  context.result({ federation: federation.federation, party: name, home, keyFingerprint: signed.keyFingerprint }, [
    `made party ${name} of federation ${federation.federation} in ${home}`,
    nextStep(home, datasets),
  ])
  return exits.ok.code
}

async function request(context: Context, name: string, path: string, options: PartyOptions): Promise<number> {
  const { home } = context
  const federation = await readFederation(path)
  const datasets = await readDatasets(context, home, options.data)
  const { createRequest } = await import('../../rpc/index.ts')
  const { csrPem, keyPem } = await createRequest({ federation: federation.federation, role: 'party', name })
  await writeDirectory(home, [
    ...commonFiles(federation, name, datasets, keyPem, await attestationFiles(context, path)),
    { path: homeFiles.request, text: csrPem },
  ])
  const keyFingerprint = fingerprint(createPublicKey(createPrivateKey(keyPem.reveal())))
  const file = join(home, homeFiles.request)
  context.result({ federation: federation.federation, party: name, home, request: file, keyFingerprint }, [
    `made the key of party ${name} in ${home}; it stays there`,
    `key fingerprint: ${keyFingerprint}`,
    `next: send ${file} to the holder of the federation root, who runs coffer init sign;`,
    `      then coffer init party ${name} --certificate FILE --roots FILE --home ${home}`,
  ])
  return exits.ok.code
}

async function install(context: Context, name: string, certificate: string, roots: string): Promise<number> {
  const { home } = context
  const config = await readConfig(home, 'party')
  if (config.name !== name) {
    throw new CliError('CLI_ARGUMENT_INVALID', `${home} is the home of party ${config.name}, the command names ${name}`)
  }
  const [certificatePem, rootsPem, keyPem] = await Promise.all([
    readText(context.path(certificate), 'certificate'),
    readText(context.path(roots), 'roots'),
    readText(join(home, homeFiles.key), 'private key'),
  ])
  const problems = identityProblems({ certificatePem, keyPem: new Secret(keyPem), rootsPem }, config, context.io.now())
  if (problems.length > 0) throw new CliError('CLI_IDENTITY_UNUSABLE', `${certificate}: ${problems.join('; ')}`)
  for (const file of [homeFiles.certificate, homeFiles.roots]) {
    if (await exists(join(home, file))) throw new CliError('CLI_FILE_EXISTS', `${join(home, file)} exists already`)
  }
  await writeNew({ path: join(home, homeFiles.roots), text: rootsPem })
  await writeNew({ path: join(home, homeFiles.certificate), text: certificatePem })
  context.result({ federation: config.federation, party: name, home }, [
    `party ${name} of federation ${config.federation} is complete in ${home}`,
    nextStep(home, config.datasets),
  ])
  return exits.ok.code
}
