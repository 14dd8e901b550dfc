/** The real quotes, which stay outside of the project: tests of them are skipped, with this reason, where they are absent. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Collateral, parseCollateral, parseQuote, type Trust } from '../../src/attestation/index.ts'

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/vectors')
export const present = existsSync(folder)
if (!present) console.warn('skipped: the real quotes are not in ../shared/vectors')

export const INTEL_ROOT = '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'
export const inside = new Date('2025-07-01T00:00:00Z')

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(folder, path)))
export const readText = (path: string): string => readFileSync(join(folder, path), 'utf8')

/** A quote and its collateral, trusted by the root inside; the tests compare that root's fingerprint with Intel's. */
export function vector(name: 'sgx-v3' | 'tdx-v4'): { quote: Uint8Array; collateral: Collateral; trust: Trust } {
  const quote = read(`${name}/quote.bin`)
  const collateral = parseCollateral(readText(`${name}/collateral.json`))
  const roots = [parseQuote(quote).chain[2].raw]
  return { quote, collateral, trust: { roots, collateral, binding: 'unbound', now: inside } }
}
