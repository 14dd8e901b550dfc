/**
 * One request through configfs-tsm (Linux Documentation/ABI/testing/configfs-tsm-report; TDX and SEV-SNP from 6.7 on):
 * make an entry, write the report data, read the evidence, remove the entry. The driver acts when `inblob` is closed and
 * when `outblob` is first read, so a write that went wrong is only seen in `generation`, which counts writes.
 */
import { randomBytes } from 'node:crypto'
import { type Devices, systemCode } from '../devices.ts'
import { TeeError } from '../errors.ts'
import { step } from '../step.ts'

export const REPORT_DIRECTORY = '/sys/kernel/config/tsm/report'

export const providers = { tdx: 'tdx_guest', 'sev-snp': 'sev_guest' } as const

/** More than any outblob or auxblob of today: 5 KB of a quote, padded to 8 KB by clouds; 16 KB of certificates. */
const MOST_BLOB_BYTES = 65_536
const MOST_ATTRIBUTE_BYTES = 64

export interface Report {
  readonly outblob: Uint8Array
  /** Certificates that belong to the report, where the provider has such a file. */
  readonly auxblob: Uint8Array | undefined
}

/**
 * Throws the TeeErrors of `withEntry`, TEE_OTHER_PROVIDER, TEE_QUOTE_RACE, and what `step` makes of system errors. What
 * comes back may still be empty, short or over other data: the caller looks.
 */
export function requestReport(
  devices: Devices,
  tee: keyof typeof providers,
  reportData: Uint8Array,
  signal: AbortSignal,
): Promise<Report> {
  return withEntry(devices, async (entry) => {
    // An entry that goes away meanwhile was removed by somebody else.
    const removed = { ENOENT: 'TEE_QUOTE_RACE' } as const
    const read = (name: string, most: number): Promise<Uint8Array> =>
      step(`${entry}/${name}`, () => devices.read(`${entry}/${name}`, most), removed)
    requireProvider(entry, await providerOf(devices, entry), providers[tee])
    signal.throwIfAborted()
    await step(`${entry}/inblob`, () => devices.write(`${entry}/inblob`, reportData), removed)
    const outblob = await read('outblob', MOST_BLOB_BYTES)
    const auxblob = tee === 'sev-snp' ? await read('auxblob', MOST_BLOB_BYTES) : undefined
    requireOneWrite(entry, attribute(await read('generation', MOST_ATTRIBUTE_BYTES)))
    return { outblob, auxblob }
  })
}

/** What provides the reports here. Throws as `withEntry` does. */
export function findProvider(devices: Devices): Promise<string> {
  return withEntry(devices, (entry) => providerOf(devices, entry))
}

/**
 * A new entry for as long as `use` runs. Its name is random: entries are shared by the whole machine, and whoever knows
 * the name can write to it. Throws TeeError TEE_NOT_FOUND, TEE_NO_PROVIDER, TEE_PERMISSION, TEE_ENTRY_LEFT.
 */
async function withEntry<T>(devices: Devices, use: (entry: string) => Promise<T>): Promise<T> {
  const entry = `${REPORT_DIRECTORY}/coffer-${randomBytes(16).toString('hex')}`
  await step(entry, () => devices.mkdir(entry), { ENOENT: 'TEE_NOT_FOUND' })
  let failure: unknown
  try {
    return await use(entry)
  } catch (error) {
    failure = error
    throw error
  } finally {
    await remove(devices, entry, failure)
  }
}

const REMOVALS = 3

/** rmdir of the entry alone: its files go with it, and removing them one by one is refused by configfs. */
async function remove(devices: Devices, entry: string, failure: unknown): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await devices.rmdir(entry)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return
      if (tries < REMOVALS) continue
      const text = `${entry}: ${systemCode(error) ?? String(error)} after ${REMOVALS} tries`
      throw new TeeError('TEE_ENTRY_LEFT', text, { cause: failure ?? error })
    }
  }
}

async function providerOf(devices: Devices, entry: string): Promise<string> {
  const path = `${entry}/provider`
  return attribute(await step(path, () => devices.read(path, MOST_ATTRIBUTE_BYTES), { ENOENT: 'TEE_QUOTE_RACE' }))
}

const attribute = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').trim()

function requireProvider(entry: string, found: string, expected: string): void {
  if (found === expected) return
  const text = `${entry}/provider: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`
  throw new TeeError('TEE_OTHER_PROVIDER', text)
}

/** 0 after mkdir, one more with each write: 1 says that our write, and nobody else's, is what the report is over. */
function requireOneWrite(entry: string, generation: string): void {
  if (generation === '1') return
  const text = `${entry}/generation: found ${JSON.stringify(generation)}, expected "1" after one write`
  throw new TeeError('TEE_QUOTE_RACE', text)
}
