/** Reading an attestation policy: show, diff, check. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { policyChanges } from '../../src/cli/policy/changes.ts'
import { policyWarnings } from '../../src/cli/policy/warnings.ts'
import { type AttestationPolicy, policyDigest, signedPolicyText } from '../../src/job/index.ts'
import {
  aggregator,
  pemOf,
  pems,
  policy,
  sgx,
  signedBy,
  simulatedRootPem,
  simulation,
  tdx,
  unsigned,
} from '../job/attestation-policies.ts'
import { coffer, jsonLine } from './support.ts'

/** Files of policies for the verbs that only read. */
function files(policies: Record<string, string>): (words: string) => ReturnType<typeof coffer> {
  const cwd = mkdtempSync(join(tmpdir(), 'coffer-policy-'))
  for (const [name, text] of Object.entries(policies)) writeFileSync(join(cwd, name), text)
  return (words) => coffer(words, { cwd })
}

describe('policy show', () => {
  const both = aggregator({ programs: [tdx, sgx] })

  it('shows every value of the policy and the state of each signature', async () => {
    const run = files({ 'p.json': signedPolicyText(signedBy(both, 'gamma')) })
    const { code, out } = await run('policy show p.json')
    expect(code).toBe(0)
    expect(out).not.toContain('SIMULATED')
    for (const text of [
      'Attestation policy of federation north, version 1',
      'purpose     production',
      `digest      ${policyDigest(both)}`,
      '1 of 3 organisations have signed, 2 needed: NOT ENOUGH',
      '  alpha  not signed  key SHA-256 ',
      '  gamma  signed      key SHA-256 ',
      'Intel SGX Root CA  SHA-256 44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
      'UpToDate, SWHardeningNeeded',
      'INTEL-SA-00615',
      '17 or later',
      'at most 30 days',
      'Program 1: a virtual machine under Intel TDX',
      'or program 2: an enclave under Intel SGX',
      'MRSEAM (TDX module)                     any value: not checked',
      `RTMR3 (application)                     ${'d1'.repeat(48)}\n${' '.repeat(44)}or ${'d2'.repeat(48)}`,
      `${tdx.minimumTeeTcbSvn} or higher`,
      'service TDs (besides none)              none',
      'ISVSVN (security version)          1 or higher',
    ]) {
      expect(out).toContain(text)
    }
    const values = Object.values({ ...tdx, ...sgx })
      .flat()
      .filter((value) => String(value).length > 8)
    for (const value of values) expect(out).toContain(value)
  })

  it('is loud about a simulation', async () => {
    const run = files({ 'p.json': signedPolicyText(signedBy(simulation, 'alpha', 'beta')) })
    expect((await run('policy show p.json')).out).toMatch(/^SIMULATED: .* protects nothing/)
    expect(jsonLine((await run('policy show p.json --json')).out)).toMatchObject({
      simulated: true,
      signatures: { signed: ['alpha', 'beta'], enough: true, wrong: [], strangers: [] },
      organisations: [{ name: 'alpha' }, { name: 'beta' }, { name: 'gamma' }],
      roots: [{ name: 'Simulated TEE SGX Root CA', simulated: true }],
      roles: policy.roles,
    })
  })

  it('marks signatures that are wrong or of strangers', async () => {
    const signature = 'ab'.repeat(64)
    const signatures = ['beta', 'delta'].map((organisation) => ({ organisation, signature }))
    const run = files({ 'p.json': signedPolicyText({ policy, signatures }) })
    const { out } = await run('policy show p.json')
    expect(out).toContain('  beta   WRONG       key SHA-256')
    expect(out).toContain('Other signatures under the names delta: WRONG')
  })

  it('says what lists accept that are empty', async () => {
    const empty = aggregator({
      tcbStatuses: [],
      advisories: [],
      maximumCollateralAge: 90,
      programs: [{ ...sgx, mrEnclave: [] }],
    })
    const run = files({ 'p.json': signedPolicyText(unsigned(empty)) })
    const { out } = await run('policy show p.json')
    expect(out).toContain('none: no platform is accepted')
    expect(out).toContain('none: no advisory may apply')
    expect(out).toContain('none: no program matches')
    expect(out).toContain('at most 90 seconds')
  })

  it('shows no control characters of a hostile file', async () => {
    const hostile = aggregator({ advisories: ['SA\u001b[2J\u202e'] })
    const run = files({ 'p.json': signedPolicyText(unsigned(hostile)) })
    expect((await run('policy show p.json')).out).not.toMatch(/[\u001b\u202e]/)
  })

  it('ends with 2 for what is no policy', async () => {
    const run = files({ 'p.json': '{}' })
    const { code, err } = await run('policy show p.json')
    expect(code).toBe(2)
    expect(err).toContain('code: ATTESTATION_POLICY_INVALID')
    expect((await run('policy show none.json')).err).toContain('code: CLI_FILE_UNREADABLE')
  })
})

describe('policy diff', () => {
  const changes = (after: AttestationPolicy, before = policy) =>
    policyChanges(before, after).map(({ effect, change, path }) => `${effect} ${change} ${path}`)
  const tdxPolicy = aggregator({ programs: [tdx] })
  const otherTdx = (values: object) => changes(aggregator({ programs: [{ ...tdx, ...values }] }), tdxPolicy)

  it.each<[AttestationPolicy, string[]]>([
    [policy, []],
    [{ ...policy, version: 2 }, ['neither changed version']],
    [{ ...policy, federation: 'south' }, ['neither changed federation']],
    [{ ...policy, threshold: 3 }, ['stricter changed threshold']],
    [{ ...policy, threshold: 1 }, ['laxer changed threshold']],
    [simulation, ['laxer changed purpose', 'stricter removed roots', 'laxer added roots']],
    [
      { ...policy, organisations: { ...pems('alpha', 'delta'), beta: pemOf('beta-2') } },
      ['neither changed organisations.beta', 'stricter removed organisations.gamma', 'laxer added organisations.delta'],
    ],
    [
      aggregator({ tcbStatuses: ['UpToDate', 'OutOfDate'] }),
      ['stricter removed roles.aggregator.tcbStatuses', 'laxer added roles.aggregator.tcbStatuses'],
    ],
    [aggregator({ advisories: ['INTEL-SA-00615', 'INTEL-SA-00828'] }), ['laxer added roles.aggregator.advisories']],
    [aggregator({ minimumTcbEvaluation: 18 }), ['stricter changed roles.aggregator.minimumTcbEvaluation']],
    [aggregator({ minimumTcbEvaluation: 16 }), ['laxer changed roles.aggregator.minimumTcbEvaluation']],
    [aggregator({ maximumCollateralAge: 5 }), ['stricter changed roles.aggregator.maximumCollateralAge']],
    [aggregator({ maximumCollateralAge: 5e6 }), ['laxer changed roles.aggregator.maximumCollateralAge']],
    [aggregator({ programs: [sgx, tdx] }), ['laxer added roles.aggregator.programs[1]']],
    [aggregator({ programs: [tdx, sgx] }), ['laxer added roles.aggregator.programs[0]']],
    [
      aggregator({ programs: [tdx] }),
      ['stricter removed roles.aggregator.programs[0]', 'laxer added roles.aggregator.programs[0]'],
    ],
  ])('names the change and its direction (%#)', (after, expected) => {
    expect(changes(after)).toEqual(expected)
  })

  const at = (name: string) => `roles.aggregator.programs[0].${name}`
  it.each<[object, string[]]>([
    [{ rtmr3: 'any' }, [`laxer changed ${at('rtmr3')}`]],
    [{ mrSeam: ['ab'.repeat(48)] }, [`stricter changed ${at('mrSeam')}`]],
    [{ rtmr3: ['d1'.repeat(48)] }, [`stricter removed ${at('rtmr3')}`]],
    [{ rtmr3: ['D2'.repeat(48), 'D1'.repeat(48)] }, []],
    [{ minimumTeeTcbSvn: `08${tdx.minimumTeeTcbSvn.slice(2)}` }, [`stricter changed ${at('minimumTeeTcbSvn')}`]],
    [{ minimumTeeTcbSvn: '00'.repeat(16) }, [`laxer changed ${at('minimumTeeTcbSvn')}`]],
    [{ minimumTeeTcbSvn: `0800${'00'.repeat(14)}` }, [`neither changed ${at('minimumTeeTcbSvn')}`]],
    [{ serviceTds: ['ab'.repeat(48)] }, [`laxer added ${at('serviceTds')}`]],
  ])('looks into a program (%#)', (values, expected) => {
    expect(otherTdx(values)).toEqual(expected)
  })

  it('compares enclaves by what they are, not by their place', () => {
    const second = { ...sgx, mrEnclave: ['e2'.repeat(32)], isvProdId: 1 }
    const before = aggregator({ programs: [sgx, second] })
    const after = aggregator({
      programs: [
        { ...second, minimumIsvSvn: 4 },
        { ...sgx, isvProdId: 7 },
      ],
    })
    expect(changes(after, before)).toEqual([
      'stricter changed roles.aggregator.programs[0].minimumIsvSvn',
      'neither changed roles.aggregator.programs[1].isvProdId',
    ])
  })

  it('prints old and new values, and a count', async () => {
    const after = { ...aggregator({ tcbStatuses: ['UpToDate'], maximumCollateralAge: 45 * 86_400 }), version: 2 }
    const run = files({ 'a.json': signedPolicyText(unsigned(policy)), 'b.json': signedPolicyText(unsigned(after)) })
    const { code, out } = await run('policy diff a.json b.json')
    expect(code).toBe(0)
    expect(out.split('\n').slice(3)).toEqual([
      'changed   version',
      '          - 1',
      '          + 2',
      'stricter  roles.aggregator.tcbStatuses',
      '          - SWHardeningNeeded',
      'LAXER     roles.aggregator.maximumCollateralAge',
      '          - 30 days',
      '          + 45 days',
      '',
      '3 changes: 1 make the policy laxer, 1 stricter, 1 for you to judge',
      '',
    ])
    expect(jsonLine((await run('policy diff a.json b.json --json')).out)).toMatchObject({
      before: { federation: 'north', version: 1, digest: policyDigest(policy) },
      after: { version: 2 },
      changes: [
        { path: 'version', change: 'changed', before: '1', after: '2', effect: 'neither' },
        { change: 'removed', before: 'SWHardeningNeeded', after: null, effect: 'stricter' },
        { change: 'changed', before: '30 days', after: '45 days', effect: 'laxer' },
      ],
    })
  })

  it('tells the same policy from the same rules in another order', async () => {
    const reordered = aggregator({ tcbStatuses: ['SWHardeningNeeded', 'UpToDate'] })
    const run = files({ 'a.json': signedPolicyText(unsigned(policy)), 'b.json': signedPolicyText(unsigned(reordered)) })
    expect((await run('policy diff a.json a.json')).out).toContain('The two are the same policy.')
    expect((await run('policy diff a.json b.json')).out).toContain('in another order or writing')
  })
})

describe('policy check', () => {
  it('lists every reason with its code, and ends with 1', async () => {
    const other = { ...policy, threshold: 3 }
    const run = files({
      'p.json': signedPolicyText(signedBy(policy, 'alpha')),
      'other.json': signedPolicyText(signedBy(other, 'alpha', 'beta', 'gamma')),
    })
    const words = 'policy check p.json --federation south --accepted other.json'
    const { code, out } = await run(words)
    expect(code).toBe(1)
    expect(out).toContain('REFUSED: no party will use this policy')
    expect(out).toContain('  ATTESTATION_POLICY_FEDERATION: it is of federation north, expected south')
    const record = jsonLine((await run(`${words} --json`)).out)
    expect(record).toMatchObject({
      ok: false,
      reasons: ['ATTESTATION_POLICY_FEDERATION', 'ATTESTATION_POLICY_FORKED', 'ATTESTATION_POLICY_UNSIGNED'],
      messages: [expect.any(String), expect.stringContaining(policyDigest(other)), expect.any(String)],
      simulated: false,
    })
  })

  it('accepts what binds, and says what it did not compare', async () => {
    const run = files({ 'p.json': signedPolicyText(signedBy(policy, 'alpha', 'gamma')) })
    const { code, out } = await run('policy check p.json')
    expect(code).toBe(0)
    expect(out).toMatch(/^BINDING: /)
    expect(out).toContain('not compared: give --federation')
    expect(out).toContain('not compared: give --accepted')
    expect(out).not.toContain('Warnings')
  })

  it('shows what an overlay makes stricter, and where it has no effect', async () => {
    const run = files({
      'p.json': signedPolicyText(signedBy(policy, 'alpha', 'gamma')),
      'overlay.yaml': 'tcbStatuses: [UpToDate, OutOfDate]\nroots: []\n',
      'wrong.yaml': 'tcbStatus: [UpToDate]\n',
    })
    const { code, out } = await run('policy check p.json --overlay overlay.yaml --json')
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('overlay: tcbStatuses is laxer')],
      overlay: [
        { path: 'roots', effect: 'stricter' },
        { path: 'tcbStatuses', before: 'SWHardeningNeeded', effect: 'stricter' },
        { path: 'tcbStatuses', after: 'OutOfDate', effect: 'laxer' },
      ],
    })
    const refused = await run('policy check p.json --overlay wrong.yaml')
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('code: ATTESTATION_OVERLAY_INVALID')
  })

  const warnings = (document: AttestationPolicy) => policyWarnings(document).join('\n')
  it.each<[AttestationPolicy, string]>([
    [simulation, 'what this policy accepts protects nothing'],
    [{ ...policy, roots: [simulatedRootPem] }, "is not Intel's"],
    [{ ...policy, threshold: 1 }, 'each of the 3 organisations can change the policy alone'],
    [{ ...policy, threshold: 1, organisations: pems('alpha') }, 'nobody else has to agree'],
    [aggregator({ tcbStatuses: [] }), 'no TCB status is accepted'],
    [aggregator({ tcbStatuses: ['OutOfDate'] }), 'TCB status OutOfDate: platforms with known weaknesses'],
    [aggregator({ tcbStatuses: ['OutOfDateConfigurationNeeded'] }), 'platforms with known weaknesses'],
    [aggregator({ tcbStatuses: ['TDRelaunchAdvised'] }), 'started on a TDX module with known weaknesses'],
    [aggregator({ tcbStatuses: ['Revoked'] }), 'has no effect'],
    [aggregator({ maximumCollateralAge: 45 * 86_400 + 1 }), 'more than 45 days'],
    [aggregator({ minimumTcbEvaluation: 0 }), 'the TCB evaluation number is 0'],
    [aggregator({ programs: [sgx, { ...tdx, rtmr2: 'any', rtmr3: 'any' }] }), 'program 2 pins neither RTMR2 nor RTMR3'],
    [aggregator({ programs: [{ ...tdx, rtmr1: 'any' }] }), 'does not pin RTMR1'],
    [aggregator({ programs: [{ ...tdx, mrTd: [] }] }), 'has an empty list for mrTd'],
    [
      aggregator({ programs: [{ ...sgx, mrEnclave: 'any', mrSigner: ['ab'.repeat(32)] }] }),
      'any enclave of this signer',
    ],
    [aggregator({ programs: [{ ...sgx, mrEnclave: 'any' }] }), 'pins neither MRENCLAVE nor MRSIGNER'],
    [aggregator({ programs: [{ ...sgx, mrEnclave: [] }] }), 'has an empty list for mrEnclave'],
  ])('warns (%#)', (document, expected) => {
    expect(warnings(document)).toContain(expected)
  })

  it('does not warn of what is usual', () => {
    expect(warnings(policy)).toBe('')
    expect(warnings(aggregator({ programs: [{ ...tdx, rtmr3: 'any' }], maximumCollateralAge: 45 * 86_400 }))).toBe('')
  })
})
