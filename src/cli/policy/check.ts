/**
 * `policy check`: whether a policy binds, by the same judgement that the party makes when it starts, with every reason;
 * and what its reviewers should look at twice. An overlay is compared with the policy that it makes stricter.
 */
import {
  type AttestationPolicy,
  aggregatorReferences,
  judgePolicy,
  parseOverlay,
  policyDigest,
  type PolicyExpectation,
  withOverlay,
} from '../../job/index.ts'
import { exits } from '../exit.ts'
import { readText } from '../files.ts'
import type { Context } from '../io.ts'
import { type Change, listChanges, referenceChanges } from './changes.ts'
import { changeLines } from './diff.ts'
import { loud, readSignedPolicy } from './file.ts'
import { signatureText } from './show.ts'
import { policyWarnings } from './warnings.ts'

export interface CheckOptions {
  readonly federation: string | undefined
  readonly accepted: string | undefined
  readonly overlay: string | undefined
}

export async function check(context: Context, options: CheckOptions, file: string): Promise<number> {
  const signed = await readSignedPolicy(context, file)
  const { policy } = signed
  const accepted = options.accepted === undefined ? undefined : await readSignedPolicy(context, options.accepted)
  const overlay = options.overlay === undefined ? undefined : await overlayChanges(context, options.overlay, policy)
  const reasons = judgePolicy(signed, expectation(options, policy, accepted?.policy))
  const warnings = [...policyWarnings(policy), ...overlayWarnings(overlay ?? [])]
  const { federation, version, purpose } = policy
  const ok = reasons.length === 0
  const record = {
    ...{ ok, reasons: reasons.map(({ code }) => code), messages: reasons.map(({ text }) => text), warnings },
    ...{ federation, version, purpose, simulated: purpose === 'simulation', digest: policyDigest(policy) },
    ...(overlay && { overlay }),
  }
  context.result(record, [
    ...loud(policy),
    ok ? bindingText(policy.version, accepted === undefined) : 'REFUSED: no party will use this policy',
    ...reasons.map(({ code, text }) => `  ${code}: ${text}`),
    `  federation  ${federation}${options.federation === undefined ? ' (not compared: give --federation)' : ''}`,
    `  version     ${version}${accepted === undefined ? ' (not compared: give --accepted)' : `, after ${accepted.policy.version}`}`,
    `  digest      ${policyDigest(policy)}`,
    `  signatures  ${signatureText(signed)}`,
    ...(overlay === undefined ? [] : ['', 'What the overlay changes for this party:', ...overlayLines(overlay)]),
    ...(warnings.length === 0 ? [] : ['', 'Warnings:', ...warnings.map((text) => `  ${text}`)]),
  ])
  return ok ? exits.ok.code : exits.failed.code
}

/** A later version also needs the signatures of the organisations before it, which only the one before can tell. */
const bindingText = (version: number, alone: boolean): string =>
  version > 1 && alone
    ? 'NOT JUDGED against the version before it: give --accepted FILE; its own signatures suffice'
    : 'BINDING: signed as it has to be'

function expectation(
  options: CheckOptions,
  policy: AttestationPolicy,
  accepted: AttestationPolicy | undefined,
): PolicyExpectation {
  const federation = options.federation ?? policy.federation
  if (accepted === undefined) return { federation }
  return { federation, accepted: { version: accepted.version, digest: policyDigest(accepted), policy: accepted } }
}

async function overlayChanges(context: Context, file: string, policy: AttestationPolicy): Promise<Change[]> {
  const overlay = parseOverlay(await readText(context.path(file), 'attestation overlay'), file)
  const { values } = aggregatorReferences(policy)
  const [first = values, second = first] = withOverlay(values, overlay)
  return [...listChanges('roots', first.roots, second.roots), ...referenceChanges('', first, second)].map((each) => ({
    ...each,
    path: each.path.replace(/^\./, ''),
  }))
}

const overlayLines = (changes: readonly Change[]): string[] =>
  changes.length === 0 ? ['  nothing'] : changeLines(changes).map((line) => `  ${line}`)

function overlayWarnings(changes: readonly Change[]): string[] {
  const laxer = changes.filter(({ effect }) => effect === 'laxer')
  return laxer.map(({ path }) => `overlay: ${path} is laxer than the federation's, which has no effect: both must hold`)
}
