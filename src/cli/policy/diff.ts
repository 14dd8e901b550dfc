/** `policy diff`: what a new version changes, value by value, and whether it accepts more or less than before. */
import { type AttestationPolicy, policyDigest } from '../../job/index.ts'
import { exits } from '../exit.ts'
import type { Context } from '../io.ts'
import { clean } from '../view/index.ts'
import { type Change, policyChanges } from './changes.ts'
import { loud, readSignedPolicy } from './file.ts'

export async function diff(context: Context, before: string, after: string): Promise<number> {
  const [old, young] = [
    (await readSignedPolicy(context, before)).policy,
    (await readSignedPolicy(context, after)).policy,
  ]
  const changes = policyChanges(old, young)
  context.result({ before: nameOf(old), after: nameOf(young), changes }, [
    ...loud(young),
    `before: ${titleOf(old)}`,
    `after:  ${titleOf(young)}`,
    '',
    ...changeLines(changes),
    ...(changes.length > 0 ? ['', summary(changes)] : [sameText(old, young)]),
  ])
  return exits.ok.code
}

const nameOf = (policy: AttestationPolicy) => ({
  federation: policy.federation,
  version: policy.version,
  digest: policyDigest(policy),
})

const titleOf = (policy: AttestationPolicy): string =>
  `${policy.federation} version ${policy.version}, digest ${policyDigest(policy)}`

const sameText = (before: AttestationPolicy, after: AttestationPolicy): string =>
  policyDigest(before) === policyDigest(after)
    ? 'The two are the same policy.'
    : 'The two say the same in another order or writing; their digests differ, so each needs its own signatures.'

const words = { laxer: 'LAXER', stricter: 'stricter', neither: 'changed' } as const

/** Effect and path, then the values, because measurements are longer than a line. */
export function changeLines(changes: readonly Change[]): string[] {
  return changes.flatMap(({ path, before, after, effect }) => [
    `${words[effect].padEnd(8)}  ${path}`,
    ...(before === null ? [] : [`          - ${clean(before)}`]),
    ...(after === null ? [] : [`          + ${clean(after)}`]),
  ])
}

function summary(changes: readonly Change[]): string {
  const count = (effect: Change['effect']) => changes.filter((each) => each.effect === effect).length
  const judged = `${count('laxer')} make the policy laxer, ${count('stricter')} stricter`
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}: ${judged}, ${count('neither')} for you to judge`
}
