/** `policy show`: every value of a policy, and who has signed it, for the person who has to decide about it. */
import {
  type AttestationPolicy,
  keyFingerprint,
  policyDigest,
  publicKeyOf,
  rootOf,
  type SignedPolicy,
  signersOf,
} from '../../job/index.ts'
import { exits } from '../exit.ts'
import type { Context } from '../io.ts'
import { clean } from '../view/index.ts'
import { loud, readSignedPolicy } from './file.ts'
import { entryLines, programEntries, referenceEntries, teeNames } from './words.ts'

export async function show(context: Context, file: string): Promise<number> {
  const signed = await readSignedPolicy(context, file)
  const { policy } = signed
  const { federation, version, purpose, threshold, roles } = policy
  const { own, wrong, strangers } = signersOf(signed)
  const value = {
    ...{ federation, version, purpose, simulated: purpose === 'simulation', digest: policyDigest(policy), threshold },
    signatures: { signed: own, enough: own.length >= threshold, wrong, strangers },
    organisations: organisationsOf(policy),
    roots: policy.roots.flatMap((pem) => rootOf(pem) ?? []),
    roles,
  }
  context.result(value, [...loud(policy), ...policyLines(signed)])
  return exits.ok.code
}

export function fingerprintOf(pem: string): string {
  const key = publicKeyOf(pem)
  return key === undefined ? 'not a key' : keyFingerprint(key)
}

const organisationsOf = ({ organisations }: AttestationPolicy) =>
  Object.entries(organisations).map(([name, pem]) => ({ name, keyFingerprint: fingerprintOf(pem) }))

function policyLines(signed: SignedPolicy): string[] {
  const { policy } = signed
  const { federation, version, purpose, roots, roles } = policy
  return [
    `Attestation policy of federation ${federation}, version ${version}`,
    ...entryLines(
      [
        { label: 'purpose', values: [purpose] },
        { label: 'digest', values: [policyDigest(policy)] },
        { label: 'signatures', values: [signatureText(signed)] },
      ],
      '  ',
    ),
    '',
    ...organisationLines(signed),
    '',
    'Roots of trust: evidence has to lead to one of these certificates',
    ...entryLines(
      roots
        .flatMap((pem) => rootOf(pem) ?? [])
        .map(({ name, fingerprint }) => ({ label: clean(name), values: [`SHA-256 ${fingerprint}`] })),
      '  ',
    ),
    '',
    'Aggregator: what its evidence has to show',
    ...entryLines(referenceEntries(roles.aggregator), '  '),
    ...roles.aggregator.programs.flatMap((program, at) => [
      '',
      `  ${at === 0 ? 'Program' : 'or program'} ${at + 1}: ${teeNames[program.tee]}`,
      ...entryLines(programEntries(program), '    '),
    ]),
  ]
}

export function signatureText(signed: SignedPolicy): string {
  const { organisations, threshold } = signed.policy
  const { own, wrong } = signersOf(signed)
  const count = own.length
  const bad = wrong.length === 0 ? '' : `, but of ${wrong.join(', ')} one is WRONG, so it is refused`
  const state = `${count >= threshold ? 'enough' : 'NOT ENOUGH'}${bad}`
  return `${count} of ${Object.keys(organisations).length} organisations have signed, ${threshold} needed: ${state}`
}

function organisationLines(signed: SignedPolicy): string[] {
  const { policy } = signed
  const { own, wrong, strangers } = signersOf(signed)
  const stateOf = (name: string) =>
    own.includes(name) ? 'signed    ' : wrong.includes(name) ? 'WRONG     ' : 'not signed'
  const others = [...wrong.filter((name) => own.includes(name)), ...strangers]
  return [
    `Organisations: ${policy.threshold} of them must sign this version, and the next one`,
    ...entryLines(
      organisationsOf(policy).map((each) => ({
        label: each.name,
        values: [`${stateOf(each.name)}  key SHA-256 ${each.keyFingerprint}`],
      })),
      '  ',
    ),
    ...(others.length === 0 ? [] : [`  Other signatures under the names ${others.join(', ')}: ${otherText(policy)}`]),
  ]
}

const otherText = ({ version }: AttestationPolicy): string =>
  version === 1
    ? 'WRONG, no organisation of this policy made them'
    : 'by the version before, or wrong; `coffer policy check --accepted FILE` can tell'
