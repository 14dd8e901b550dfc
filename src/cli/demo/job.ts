/** What the demo trains on: three generated banks, or the files of a directory, and the job spec that fits them. */
import { readdir } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { demoBanks, inferContract, portfolioContract, writePortfolio } from '../../../parties/index.ts'
import { type JobSpec, parseJobSpec } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { exists } from '../files.ts'
import type { Context } from '../io.ts'
import type { PartyFile } from './federation.ts'

export interface DemoOptions {
  readonly data: string | undefined
  readonly id: string | undefined
  readonly label: string | undefined
  readonly holdout: string | undefined
  readonly model: 'logistic' | 'mlp' | undefined
  readonly rounds: number | undefined
  readonly seed: number | undefined
}

export interface DemoInput {
  readonly parties: readonly PartyFile[]
  readonly holdout: string | undefined
  readonly spec: JobSpec
  /** AUC of the probabilities the generated labels were drawn from; unknown for the user's own files. */
  readonly ceiling: number | undefined
}

const SEED = 7
const ROUNDS = 15
/** Rows over all three generated banks: few enough that a small bank cannot do well alone. */
const GENERATED_ROWS = 20_000

/** As in job specs. */
const bounds = { rounds: [1, 10_000], seed: [0, 2 ** 32 - 1] } as const

/** Whatever can be told of the arguments before anything is made. */
export async function checkOptions(context: Context, options: DemoOptions): Promise<void> {
  for (const name of ['rounds', 'seed'] as const) {
    const value = options[name]
    const [least, most] = bounds[name]
    if (value !== undefined && (value < least || value > most)) {
      throw new CliError('CLI_ARGUMENT_INVALID', `--${name} is ${value}, expected ${least} to ${most}`)
    }
  }
  const { data, id, label } = options
  if (data === undefined) {
    const stray = (['id', 'label', 'holdout'] as const).find((name) => options[name] !== undefined)
    if (stray) throw new CliError('CLI_ARGUMENT_INVALID', `--${stray} goes with --data DIR`)
    return
  }
  if (id === undefined || label === undefined) throw missingColumns()
  const directory = context.path(data)
  await partyFiles(directory, await findHoldout(context, directory, options.holdout))
}

const missingColumns = () => new CliError('CLI_ARGUMENT_INVALID', '--data DIR needs --id COLUMN and --label COLUMN')

/** The hold-out file may also be named as it is called inside the data directory. */
async function findHoldout(context: Context, directory: string, given: string | undefined) {
  if (given === undefined) return undefined
  const places = [...new Set([context.path(given), resolve(directory, given)])]
  for (const place of places) if (await exists(place)) return place
  throw new CliError('CLI_FILE_UNREADABLE', `there is no hold-out file ${places.join(' and none at ')}`)
}

export async function prepareInput(
  context: Context,
  options: DemoOptions,
  directory: string,
  signal: AbortSignal,
): Promise<DemoInput> {
  return options.data === undefined ? generated(options, directory) : ownFiles(context, options, options.data, signal)
}

async function generated(options: DemoOptions, directory: string): Promise<DemoInput> {
  const seed = options.seed ?? SEED
  const { files, holdout, ceilingAuc } = await writePortfolio(directory, {
    seed,
    rows: GENERATED_ROWS,
    banks: demoBanks,
  })
  const parties = files.map(({ name, path }) => ({ name, file: path }))
  return { parties, holdout, spec: jobSpec(options, parties, portfolioContract()), ceiling: ceilingAuc }
}

async function ownFiles(context: Context, options: DemoOptions, data: string, signal: AbortSignal): Promise<DemoInput> {
  const { id, label } = options
  if (id === undefined || label === undefined) throw missingColumns()
  const directory = context.path(data)
  const holdout = await findHoldout(context, directory, options.holdout)
  const parties = await partyFiles(directory, holdout)
  const files = parties.map(({ file }) => file)
  const { contract, notes } = await inferContract(files, { id, label, ...(holdout && { holdout }), signal })
  for (const note of notes) context.remark(note)
  return {
    parties,
    holdout,
    spec: jobSpec(options, parties, contract),
    ceiling: undefined,
  }
}

/** Every CSV or Parquet file is a party, named after the file; the hold-out file is not one. */
async function partyFiles(directory: string, holdout: string | undefined): Promise<PartyFile[]> {
  const entries = await readdir(directory).catch((cause: unknown) => {
    throw new CliError('CLI_FILE_UNREADABLE', `${directory} cannot be listed: ${String(cause)}`, { cause })
  })
  const files = entries.filter((entry) => /\.(csv|parquet)$/i.test(entry)).sort()
  const parties = files
    .map((entry) => ({ name: partyName(entry), file: join(directory, entry) }))
    .filter(({ file }) => file !== holdout)
  const twice = parties.find(({ name }, i) => parties.findIndex((other) => other.name === name) !== i)
  if (twice) throw new CliError('CLI_ARGUMENT_INVALID', `two files in ${directory} make the party name ${twice.name}`)
  if (parties.length < 2) {
    throw new CliError(
      'CLI_ARGUMENT_INVALID',
      `${directory} has ${parties.length} CSV or Parquet files; a federation needs 2`,
    )
  }
  return parties
}

function partyName(entry: string): string {
  const name = basename(entry, extname(entry))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return (/^[a-z]/.test(name) ? name : `party-${name}`).slice(0, 63)
}

function jobSpec(options: DemoOptions, parties: readonly PartyFile[], data: JobSpec['data']): JobSpec {
  const model = options.model ?? 'mlp'
  const spec = {
    version: 1,
    name: 'demo',
    task: { kind: 'binary-classification' },
    model: model === 'mlp' ? { kind: 'mlp', hidden: [32] } : { kind: 'logistic' },
    data,
    parties: parties.map(({ name }) => name),
    rounds: { count: options.rounds ?? ROUNDS, quorum: 2, minimumParties: 2, deadlineSeconds: 120 },
    training: { epochs: 1, batch: 128, learningRate: model === 'mlp' ? 0.003 : 0.01, optimizer: 'adam' },
    strategy: { kind: 'fedavg' },
    summation: 'tee',
    seed: options.seed ?? SEED,
  }
  return parseJobSpec(JSON.stringify(spec))
}
