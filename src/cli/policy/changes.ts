/**
 * What one policy says otherwise than another, value by value, and which way each change goes. "Laxer" is whatever
 * accepts more evidence, more signers or older facts, "stricter" the contrary; the rest is for people to judge.
 */
import type { AttestationPolicy, PolicyProgram, References } from '../../job/index.ts'
import { rootOf } from '../../job/index.ts'
import { fingerprintOf } from './show.ts'
import { ageText, teeNames } from './words.ts'

export interface Change {
  /** Such as roles.aggregator.programs[0].rtmr3; the index is that of the newer policy, of the older for a removal. */
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly before: string | null
  readonly after: string | null
  readonly effect: 'laxer' | 'stricter' | 'neither'
}

export function policyChanges(before: AttestationPolicy, after: AttestationPolicy): Change[] {
  const purpose = before.purpose === 'production' ? 'laxer' : 'stricter'
  return [
    ...replaced('federation', before.federation, after.federation, 'neither'),
    ...replaced('version', before.version, after.version, 'neither'),
    ...replaced('purpose', before.purpose, after.purpose, purpose),
    ...organisationChanges(before.organisations, after.organisations),
    ...replaced('threshold', before.threshold, after.threshold, more(before.threshold, after.threshold)),
    ...listChanges('roots', before.roots.map(rootText), after.roots.map(rootText)),
    ...referenceChanges('roles.aggregator', before.roles.aggregator, after.roles.aggregator),
  ]
}

type Judged = Omit<References, 'roots' | 'simulated'>

export function referenceChanges(path: string, before: Judged, after: Judged): Change[] {
  const [evaluation, age] = ['minimumTcbEvaluation', 'maximumCollateralAge'] as const
  return [
    ...listChanges(`${path}.tcbStatuses`, before.tcbStatuses, after.tcbStatuses),
    ...listChanges(`${path}.advisories`, before.advisories, after.advisories),
    ...replaced(
      `${path}.${evaluation}`,
      before[evaluation],
      after[evaluation],
      more(before[evaluation], after[evaluation]),
    ),
    ...replaced(`${path}.${age}`, ageText(before[age]), ageText(after[age]), more(after[age], before[age])),
    ...programsChanges(`${path}.programs`, before.programs, after.programs),
  ]
}

const rootText = (pem: string): string => {
  const root = rootOf(pem)
  return root === undefined ? 'not a certificate' : `${root.name}, SHA-256 ${root.fingerprint}`
}

const more = (before: number, after: number): Change['effect'] => (after > before ? 'stricter' : 'laxer')

function replaced(path: string, before: string | number, after: string | number, effect: Change['effect']): Change[] {
  return before === after ? [] : [{ path, change: 'changed', before: String(before), after: String(after), effect }]
}

const added = (path: string, after: string): Change => ({ path, change: 'added', before: null, after, effect: 'laxer' })
const removed = (path: string, before: string): Change => ({
  ...{ path, change: 'removed', before, after: null, effect: 'stricter' },
})

/** The order of a list, and upper or lower case, mean nothing. */
export function listChanges(path: string, before: readonly string[], after: readonly string[]): Change[] {
  const lower = (list: readonly string[]) => new Set(list.map((each) => each.toLowerCase()))
  const [old, young] = [lower(before), lower(after)]
  return [
    ...before.filter((each) => !young.has(each.toLowerCase())).map((each) => removed(path, each)),
    ...after.filter((each) => !old.has(each.toLowerCase())).map((each) => added(path, each)),
  ]
}

function organisationChanges(before: Readonly<Record<string, string>>, after: typeof before): Change[] {
  const [old, young] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  const text = (pem: string) => `key SHA-256 ${fingerprintOf(pem)}`
  return [...new Set([...old.keys(), ...young.keys()])].flatMap((name) => {
    const path = `organisations.${name}`
    const [was, is] = [old.get(name), young.get(name)]
    if (was === undefined) return is === undefined ? [] : [added(path, text(is))]
    return is === undefined ? [removed(path, text(was))] : replaced(path, text(was), text(is), 'neither')
  })
}

/** Equal programs first, then each with the one it is nearest to; what is left was added or removed. */
function programsChanges(path: string, before: readonly PolicyProgram[], after: readonly PolicyProgram[]): Change[] {
  const pairs = before
    .flatMap((was, from) =>
      after.flatMap((is, to) =>
        was.tee === is.tee ? [{ from, to, changes: programChanges(`${path}[${to}]`, was, is) }] : [],
      ),
    )
    .sort((a, b) => a.changes.length - b.changes.length)
  const [old, young] = [new Set<number>(), new Set<number>()]
  const chosen = pairs.filter(({ from, to }) => {
    if (old.has(from) || young.has(to)) return false
    old.add(from)
    young.add(to)
    return true
  })
  const changes = chosen.sort((a, b) => a.to - b.to).flatMap((pair) => pair.changes)
  return [
    ...changes,
    ...before.flatMap((each, at) => (old.has(at) ? [] : [removed(`${path}[${at}]`, programText(each))])),
    ...after.flatMap((each, at) => (young.has(at) ? [] : [added(`${path}[${at}]`, programText(each))])),
  ]
}

const programText = (program: PolicyProgram): string => `${teeNames[program.tee]}: ${JSON.stringify(program)}`

function programChanges(path: string, before: PolicyProgram, after: PolicyProgram): Change[] {
  const old = new Map(Object.entries(before))
  return Object.entries(after).flatMap(([name, is]) => valueChanges(`${path}.${name}`, old.get(name), is))
}

type Value = string | number | readonly string[] | undefined

function valueChanges(path: string, before: Value, after: Value): Change[] {
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(path, before, after)
  const [was, is] = [before, after].map((value) =>
    Array.isArray(value) ? value.join(' or ') || 'none' : typeof value === 'string' ? value.toLowerCase() : value,
  )
  if (was === undefined || is === undefined || was === is) return []
  if (was === 'any' || is === 'any') return replaced(path, String(was), String(is), is === 'any' ? 'laxer' : 'stricter')
  return replaced(path, String(was), String(is), scalarEffect(path, was, is))
}

/** Least versions are numbers, or bytes that are compared one by one (TEE_TCB_SVN); a product is just another one. */
function scalarEffect(path: string, before: unknown, after: unknown): Change['effect'] {
  if (path.endsWith('.minimumIsvSvn')) return more(Number(before), Number(after))
  if (!path.endsWith('.minimumTeeTcbSvn')) return 'neither'
  const [was, is] = [Buffer.from(String(before), 'hex'), Buffer.from(String(after), 'hex')]
  const up = is.some((byte, at) => byte > (was[at] ?? 0))
  const down = is.some((byte, at) => byte < (was[at] ?? 0))
  return up === down ? 'neither' : up ? 'stricter' : 'laxer'
}
