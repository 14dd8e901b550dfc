/**
 * An offline bundle: the collateral of many platforms in one file, for those without a way to any service. Entries are
 * found by what they say themselves. A file with the collateral of one platform counts as a bundle of one.
 */
import { AttestationError, exceedsStructures } from '../../src/attestation/index.ts'
import { readText, reasonOf } from '../files.ts'
import { CollateralError } from './errors.ts'
import { exactMembers, platformName, readCollateral, type ReadCollateral } from './form.ts'

export const BUNDLE_FORMAT = 'coffer-collateral-bundle-v1'
/** An entry has 15 to 60 kB; Intel has some hundred families of platforms. */
const MAXIMUM_BYTES = 32 * 2 ** 20
const MAXIMUM_ENTRIES = 512
/** The bundle, its list and one object an entry, whose members are texts: millions would take 20 s and 2 GB to parse. */
const MAXIMUM_STRUCTURES = 2 * MAXIMUM_ENTRIES

/** Throws CollateralError COLLATERAL_BUNDLE_UNREADABLE or COLLATERAL_BUNDLE_INVALID. */
export async function readCollateralBundle(path: string): Promise<ReadCollateral[]> {
  let text: string
  try {
    text = await readText(path, MAXIMUM_BYTES)
  } catch (cause) {
    throw new CollateralError('COLLATERAL_BUNDLE_UNREADABLE', `${path}: ${reasonOf(cause)}`, { cause })
  }
  const entries = entriesOf(text, path).map((entry, at) => readEntry(entry, `${path}, entry ${at + 1}`))
  const names = entries.map(({ platform }) => platformName(platform))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw invalid(path, `${twice} twice`)
  return entries
}

function entriesOf(text: string, path: string): unknown[] {
  if (exceedsStructures(text, MAXIMUM_STRUCTURES))
    throw invalid(path, `more than ${MAXIMUM_STRUCTURES} objects and lists`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(path, 'text that is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || !('format' in value)) return [value]
  const members = exactMembers(value, ['format', 'entries'])
  const entries: unknown = members?.get('entries')
  if (members?.get('format') !== BUNDLE_FORMAT || !Array.isArray(entries)) {
    throw invalid(path, `another form than { "format": "${BUNDLE_FORMAT}", "entries": [...] }`)
  }
  if (entries.length === 0 || entries.length > MAXIMUM_ENTRIES) {
    throw invalid(path, `${entries.length} entries, expected 1 to ${MAXIMUM_ENTRIES}`)
  }
  return entries
}

function readEntry(entry: unknown, where: string): ReadCollateral {
  if (typeof entry !== 'object' || entry === null) throw invalid(where, 'something that is not an object')
  try {
    return readCollateral(entry)
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause
    throw invalid(where, `something that is not collateral: ${cause.code}: ${cause.message}`, cause)
  }
}

export interface MergedBundle {
  readonly text: string
  readonly entries: readonly ReadCollateral[]
  /** Left out, because another file has newer collateral of the same platform. */
  readonly older: readonly ReadCollateral[]
}

/** Of two for the same platform the one with the later TCB info stays; where it is the same, the one valid longer. */
export function mergeCollateralBundles(bundles: readonly (readonly ReadCollateral[])[]): MergedBundle {
  const chosen = new Map<string, ReadCollateral>()
  const all = bundles.flat()
  for (const each of all) {
    const name = platformName(each.platform)
    const other = chosen.get(name)
    if (other === undefined || isNewer(each, other)) chosen.set(name, each)
  }
  const entries = [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  const documents: unknown[] = entries.map(({ json }) => JSON.parse(json))
  const text = `${JSON.stringify({ format: BUNDLE_FORMAT, entries: documents }, null, 2)}\n`
  return { text, entries, older: all.filter((each) => !entries.includes(each)) }
}

function isNewer(one: ReadCollateral, other: ReadCollateral): boolean {
  const [issued, before] = [one, other].map(({ collateral }) => collateral.tcbInfo.content.issued)
  return issued === before ? one.validUntil > other.validUntil : Number(issued) > Number(before)
}

const invalid = (where: string, found: string, cause?: unknown): CollateralError =>
  new CollateralError('COLLATERAL_BUNDLE_INVALID', `${where}: found ${found}`, { cause })
