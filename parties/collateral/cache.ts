/**
 * Fetched collateral on disk, one file for each platform. Written whole or not at all. Read as strictly as what comes from the network, because disks and people damage files.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AttestationError, type Platform } from '../../src/attestation/index.ts'
import { isMissing, readText, reasonOf, writeDurably } from '../files.ts'
import { CollateralError } from './errors.ts'
import { exactMembers, isoOf, platformName, readCollateral, type ReadCollateral } from './form.ts'

/** Collateral with the time of its fetching, milliseconds since 1970. */
export interface Kept extends ReadCollateral {
  readonly fetched: number
}

export interface CollateralCache {
  /** Undefined where there is none. Throws CollateralError COLLATERAL_CACHE_DAMAGED. */
  read(platform: Platform): Promise<Kept | undefined>
  /** Throws CollateralError COLLATERAL_CACHE_UNWRITABLE. */
  write(kept: Kept): Promise<void>
  /** Throws CollateralError COLLATERAL_CACHE_UNWRITABLE; having nothing to remove is fine. */
  remove(platform: Platform): Promise<void>
}

const FORMAT = 'coffer-collateral-cache-v1'
/** What the verifier reads at most, and what stands around it. */
const MAXIMUM_BYTES = 9 * 2 ** 20

export function createCollateralCache(directory: string): CollateralCache {
  const nameOf = (platform: Platform): string => `${platformName(platform)}.json`
  const pathOf = (platform: Platform): string => join(directory, nameOf(platform))
  const writing = async (path: string, write: () => Promise<void>): Promise<void> => {
    try {
      await write()
    } catch (cause) {
      throw new CollateralError('COLLATERAL_CACHE_UNWRITABLE', `${path}: ${reasonOf(cause)}`, { cause })
    }
  }
  return {
    async read(platform) {
      const path = pathOf(platform)
      try {
        return readKept(await readText(path, MAXIMUM_BYTES), platform)
      } catch (cause) {
        if (isMissing(cause)) return undefined
        throw new CollateralError('COLLATERAL_CACHE_DAMAGED', `${path}: ${reasonOf(cause)}`, { cause })
      }
    },
    write(kept) {
      const collateral: unknown = JSON.parse(kept.json)
      const text = `${JSON.stringify({ format: FORMAT, fetched: isoOf(kept.fetched), collateral }, null, 2)}\n`
      return writing(pathOf(kept.platform), async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await writeDurably(directory, nameOf(kept.platform), text)
      })
    },
    remove(platform) {
      const path = pathOf(platform)
      return writing(path, () => rm(path, { force: true }))
    },
  }
}

function readKept(text: string, platform: Platform): Kept {
  const members = exactMembers(JSON.parse(text), ['format', 'fetched', 'collateral'])
  const collateral: unknown = members?.get('collateral')
  const fetched = Date.parse(String(members?.get('fetched')))
  if (members?.get('format') !== FORMAT || Number.isNaN(fetched)) throw new Error(`it has another form than ${FORMAT}`)
  if (typeof collateral !== 'object' || collateral === null) throw new Error('it has no collateral')
  const found = readForm(collateral)
  if (platformName(found.platform) === platformName(platform)) return { ...found, fetched }
  throw new Error(`it is about ${platformName(found.platform)}`)
}

function readForm(collateral: object): ReadCollateral {
  try {
    return readCollateral(collateral)
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause
    throw new Error(`${cause.code}: ${cause.message}`, { cause })
  }
}
