/** Good evidence against reference values: each of them wrong by itself, and absent ones matching nothing. */
import { describe, expect, test } from 'vitest'
import { AppraisalError, type ReferenceValues, requireAccepted } from '../../src/attestation/index.ts'
import type { TeeKind } from '../../src/tee/simulator/index.ts'
import { honest, platformOf, referencesFor, verifyIssued } from './issued.ts'

const codes = (tee: TeeKind, policy: ReferenceValues): string[] =>
  verifyIssued(honest(tee), { policy }).reasons.map(({ code }) => code)

describe.each(['sgx-v3', 'tdx-v4', 'tdx-v5'] as const)('%s', (tee) => {
  const right = referencesFor(tee)

  test.each<[string, Partial<ReferenceValues>, string]>([
    ['another root', { roots: ['00'.repeat(32)] }, 'APPRAISAL_ROOT'],
    ['no root', { roots: [] }, 'APPRAISAL_ROOT'],
    ['no simulation', { simulated: false }, 'APPRAISAL_SIMULATED'],
    ['another status', { tcbStatuses: ['SWHardeningNeeded'] }, 'APPRAISAL_TCB_STATUS'],
    ['no status', { tcbStatuses: [] }, 'APPRAISAL_TCB_STATUS'],
    ['a later evaluation', { minimumTcbEvaluation: 1000 }, 'APPRAISAL_TCB_EVALUATION'],
    ['fresher collateral', { maximumCollateralAge: 86_399 }, 'APPRAISAL_COLLATERAL_AGE'],
    ['no program', { programs: [] }, 'APPRAISAL_TEE'],
  ])('%s', (_what, changes, code) => {
    expect(codes(tee, { ...right, ...changes })).toEqual([code])
  })

  test('lists that are absent at run time match nothing', () => {
    for (const [key, code] of [
      ['roots', 'APPRAISAL_ROOT'],
      ['tcbStatuses', 'APPRAISAL_TCB_STATUS'],
      ['programs', 'APPRAISAL_TEE'],
      ['minimumTcbEvaluation', 'APPRAISAL_TCB_EVALUATION'],
      ['maximumCollateralAge', 'APPRAISAL_COLLATERAL_AGE'],
    ] as const) {
      const lacking: ReferenceValues = JSON.parse(JSON.stringify({ ...right, [key]: undefined }))
      expect(codes(tee, lacking)).toEqual([code])
    }
  })

  test('each measurement counts, and the closest program is the one that is named', () => {
    const [program] = right.programs
    for (const key of Object.keys(program ?? {})) {
      if (key === 'tee' || key === 'serviceTds') continue
      const changed = JSON.parse(JSON.stringify(program))
      changed[key] = typeof changed[key] === 'number' ? 60_000 : key.startsWith('minimum') ? 'ff'.repeat(16) : []
      const expected = key.startsWith('minimum') ? 'SVN' : key === 'mrSeam' ? 'SEAM_MODULE' : 'MEASUREMENT'
      expect(codes(tee, { ...right, programs: [changed] }), key).toEqual([`APPRAISAL_${expected}`])
      expect(codes(tee, { ...right, programs: [changed, ...right.programs] }), key).toEqual([])
      const absent = JSON.parse(JSON.stringify({ ...program, [key]: undefined }))
      expect(codes(tee, { ...right, programs: [absent] }), `absent ${key}`).not.toEqual([])
    }
  })

  test('a program of the other kind of TEE does not match', () => {
    const other = referencesFor(tee === 'sgx-v3' ? 'tdx-v4' : 'sgx-v3')
    expect(codes(tee, { ...right, programs: other.programs })).toEqual(['APPRAISAL_TEE'])
  })

  test('all reasons are reported, and requireAccepted throws them', () => {
    const policy = { ...right, tcbStatuses: [], programs: [], roots: [] }
    const verdict = verifyIssued(honest(tee), { policy })
    expect(verdict.ok).toBe(false)
    expect(verdict.reasons.map(({ code }) => code)).toEqual(['APPRAISAL_ROOT', 'APPRAISAL_TCB_STATUS', 'APPRAISAL_TEE'])
    expect(() => requireAccepted(verdict)).toThrow(AppraisalError)
    expect(() => requireAccepted(verifyIssued(honest(tee)))).not.toThrow()
  })

  test('Revoked is accepted by no policy, and by none at all', () => {
    const revoked = platformOf(tee, 'tcb-revoked')
    const policy = { ...right, tcbStatuses: ['Revoked' as const], advisories: ['INTEL-SA-00001'] }
    expect(verifyIssued(revoked, { policy }).reasons.map(({ code }) => code)).toContain('APPRAISAL_TCB_REVOKED')
    expect(verifyIssued(revoked, 'no policy').ok).toBe(false)
  })

  test('an advisory passes only by its name', () => {
    const warned = platformOf(tee, 'unlisted-advisory')
    expect(verifyIssued(warned).reasons.map(({ code }) => code)).toEqual(['APPRAISAL_ADVISORY'])
    expect(verifyIssued(warned, { policy: { ...right, advisories: ['INTEL-SA-99999'] } }).ok).toBe(true)
  })
})

test('a service TD passes only by its measurement', () => {
  const platform = platformOf('tdx-v5', 'service-td')
  const { body } = verifyIssued(platform)
  const service = body.kind === 'td15' ? (body.mrServiceTd ?? '') : ''
  const right = referencesFor('tdx-v5')
  const programs = right.programs.map((program) =>
    program.tee === 'tdx' ? { ...program, serviceTds: [service] } : program,
  )
  expect(service).toMatch(/[1-9a-f]/)
  expect(verifyIssued(platform, { policy: { ...right, programs } }).ok).toBe(true)
})

test('an enclave that neither MRENCLAVE nor MRSIGNER names is no reference', () => {
  const right = referencesFor('sgx-v3')
  const programs = right.programs.map((program) =>
    program.tee === 'sgx' ? { ...program, mrEnclave: 'any' as const, mrSigner: 'any' as const } : program,
  )
  expect(codes('sgx-v3', { ...right, programs })).toEqual(['APPRAISAL_MEASUREMENT'])
})

test('a TD whose MRTD may be anything is no reference, whatever a document says', () => {
  const right = referencesFor('tdx-v4')
  const policy: ReferenceValues = JSON.parse(JSON.stringify(right))
  for (const program of policy.programs) Object.assign(program, { mrTd: 'any' })
  expect(codes('tdx-v4', policy)).toEqual(['APPRAISAL_MEASUREMENT'])
})
