/** Collateral in memory, a bounded number of platforms; the one that was put first goes first. */
import type { Platform } from '../../src/attestation/index.ts'
import type { Kept } from './cache.ts'
import { platformName } from './form.ts'

/** A federation has aggregators on one to three families of platforms. */
const MOST_HELD = 64

export interface Memory {
  get(platform: Platform): Kept | undefined
  /** Returns what is held from now on: with the object held before where the text is the same. */
  put(fresh: Kept): Kept
  delete(platform: Platform): void
}

export function createMemory(): Memory {
  const held = new Map<string, Kept>()
  return {
    get: (platform) => held.get(platformName(platform)),
    put(fresh) {
      const name = platformName(fresh.platform)
      const before = held.get(name)
      // What the verifier learned of an object stays good while the text is the same.
      const kept = before?.json === fresh.json ? { ...fresh, collateral: before.collateral } : fresh
      held.delete(name)
      held.set(name, kept)
      for (const first of [...held.keys()].slice(0, Math.max(0, held.size - MOST_HELD))) held.delete(first)
      return kept
    },
    delete: (platform) => void held.delete(platformName(platform)),
  }
}
