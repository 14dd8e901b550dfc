/**
 * Where a model comes from, as files below lineage/ of its directory: the job, the receipt of each round, the evidence of
 * each start of the aggregator, and the checkpoint of the coordinator's log with the proofs that the receipts are in it.
 * All of it is as it was signed or as it was served; nothing is believed by being here.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fromHex, toHex } from '../../crypto/index.ts'
import { CliError } from '../errors.ts'
import { readBytes } from '../files.ts'

export interface Epoch {
  /** 16 bytes, hex. */
  readonly epoch: string
  readonly quote: Uint8Array
  /** Empty where the platform has none. */
  readonly eventLog: Uint8Array
  readonly statement: Uint8Array
}

export interface Inclusion {
  readonly index: number
  readonly path: readonly Uint8Array[]
}

export interface Lineage {
  /** The canonical job spec. */
  readonly job: Uint8Array
  /** Sealed, in order from round 0. */
  readonly receipts: readonly Uint8Array[]
  readonly epochs: readonly Epoch[]
  /** A signed note. */
  readonly checkpoint: Uint8Array
  /** For each receipt, in the tree of the checkpoint. */
  readonly inclusions: readonly Inclusion[]
}

const FOLDER = 'lineage'
/** 10,000 training rounds, one before and one after; an epoch for each would be a bad day. */
const MOST_FILES = 20_000

const inclusionSchema = z.array(
  z.strictObject({ index: z.int().min(0), path: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64) }),
)

/** Paths below the directory of the model. */
export function lineageFiles({ job, receipts, epochs, checkpoint, inclusions }: Lineage): Map<string, Uint8Array> {
  const proofs = inclusions.map(({ index, path }) => ({ index, path: path.map(toHex) }))
  return new Map([
    [`${FOLDER}/job.json`, job],
    ...receipts.map((receipt, at) => [`${FOLDER}/receipts/${String(at).padStart(5, '0')}.json`, receipt] as const),
    ...epochs.flatMap(({ epoch, quote, eventLog, statement }) => [
      [`${FOLDER}/epochs/${epoch}/quote.bin`, quote] as const,
      [`${FOLDER}/epochs/${epoch}/event-log.bin`, eventLog] as const,
      [`${FOLDER}/epochs/${epoch}/statement.json`, statement] as const,
    ]),
    [`${FOLDER}/checkpoint`, checkpoint],
    [`${FOLDER}/inclusion.json`, new TextEncoder().encode(`${JSON.stringify(proofs)}\n`)],
  ])
}

/** Throws CliError CLI_LINEAGE_DAMAGED. */
export async function readLineage(model: string): Promise<Lineage> {
  const directory = join(model, FOLDER)
  const read = (path: string) =>
    readBytes(join(directory, path), 'lineage').catch((cause: unknown) => {
      throw damaged(cause instanceof Error ? cause.message : String(cause), cause)
    })
  const [receipts, epochs] = [await namesIn(directory, 'receipts'), await namesIn(directory, 'epochs')]
  return {
    job: await read('job.json'),
    receipts: await inOrder(receipts, (name) => read(`receipts/${name}`)),
    epochs: await inOrder(epochs, async (epoch) => ({
      epoch,
      quote: await read(`epochs/${epoch}/quote.bin`),
      eventLog: await read(`epochs/${epoch}/event-log.bin`),
      statement: await read(`epochs/${epoch}/statement.json`),
    })),
    checkpoint: await read('checkpoint'),
    inclusions: parseInclusions(await read('inclusion.json')),
  }
}

/** None where there is no such folder: a run without receipts has none. */
async function namesIn(directory: string, folder: string): Promise<string[]> {
  const names = await readdir(join(directory, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw damaged(error.message, error)
  })
  if (names.length <= MOST_FILES) return names.sort()
  throw damaged(`${folder}/ holds ${names.length} files, expected at most ${MOST_FILES}`)
}

async function inOrder<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<T[]> {
  const values: T[] = []
  for (const name of names) values.push(await read(name))
  return values
}

function parseInclusions(bytes: Uint8Array): Inclusion[] {
  try {
    const proofs = inclusionSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
    return proofs.map(({ index, path }) => ({ index, path: path.map(fromHex) }))
  } catch (cause) {
    throw damaged('inclusion.json is no list of proofs', cause)
  }
}

const damaged = (text: string, cause?: unknown): CliError => new CliError('CLI_LINEAGE_DAMAGED', text, { cause })
