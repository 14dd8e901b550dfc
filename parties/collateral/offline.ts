/** Collateral from a bundle on disk, read again when the file changes; nothing is ever fetched. */
import { stat } from 'node:fs/promises'
import { type Platform, platformOf } from '../../src/attestation/index.ts'
import type { Log } from '../../src/rpc/index.ts'
import { reasonOf } from '../files.ts'
import { readCollateralBundle } from './bundle.ts'
import { CollateralError } from './errors.ts'
import { cancelled } from './fetch.ts'
import { isoOf, platformName, type ReadCollateral } from './form.ts'
import type { CollateralSource } from './source.ts'

export interface OfflineOptions {
  readonly bundle: string
  readonly now: () => number
  readonly log: Log
}

export function createOfflineSource({ bundle, now, log }: OfflineOptions): CollateralSource {
  const entries = createReader(bundle, log)
  return {
    async find(quote, signal) {
      const platform = platformOf(quote)
      const found = (await entries()).get(platformName(platform))
      if (signal.aborted) throw cancelled(platform)
      return usable(found, platform, bundle, now())
    },
    // What a person brought stays until a person brings something else.
    forget: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function usable(found: ReadCollateral | undefined, platform: Platform, bundle: string, now: number): ReadCollateral {
  if (found === undefined)
    throw new CollateralError('COLLATERAL_NOT_IN_BUNDLE', `${bundle}: no ${platformName(platform)}`)
  if (found.validUntil >= now) return found
  const text = `${bundle}: ${platformName(platform)} was valid until ${isoOf(found.validUntil)}`
  throw new CollateralError('COLLATERAL_EXPIRED', text)
}

type Entries = ReadonlyMap<string, ReadCollateral>

/** While a new file is not readable the old content stays in use: somebody may be copying it right now. */
function createReader(bundle: string, log: Log): () => Promise<Entries> {
  let held: { readonly version: string; readonly entries: Entries } | undefined
  return async () => {
    const version = await versionOf(bundle)
    if (held?.version === version) return held.entries
    try {
      const entries = new Map((await readCollateralBundle(bundle)).map((each) => [platformName(each.platform), each]))
      held = { version, entries }
    } catch (error) {
      if (held === undefined || !(error instanceof CollateralError)) throw error
      log.warn({ code: error.code, next: error.row.next }, `${error.message}; the bundle read before stays in use`)
      held = { version, entries: held.entries }
    }
    return held.entries
  }
}

async function versionOf(bundle: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(bundle)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    // Reading it will say the same, with a code.
    return reasonOf(error)
  }
}
