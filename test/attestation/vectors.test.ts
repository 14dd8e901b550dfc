/** Real quotes of Intel hardware: their facts inside the window of the collateral, and refusals outside of it. */
import { describe, expect, test } from 'vitest'
import { EvidenceError, parseCollateral, parseQuote, verifyEvidence } from '../../src/attestation/index.ts'
import { honest } from './issued.ts'
import { INTEL_ROOT, present, read, readText, vector } from './vectors.ts'

function codesOf(action: () => unknown): string[] {
  try {
    action()
  } catch (error) {
    if (error instanceof EvidenceError) return error.reasons.map(({ code }) => code)
    throw error
  }
  throw new Error('nothing was refused')
}

describe.skipIf(!present)('real quotes', () => {
  test('SGX, version 3', () => {
    const { quote, trust } = vector('sgx-v3')
    expect(verifyEvidence({ quote }, trust)).toMatchObject({
      ok: true,
      tee: 'sgx',
      quoteVersion: 3,
      tcb: { status: 'ConfigurationAndSWHardeningNeeded', advisories: ['INTEL-SA-00289', 'INTEL-SA-00615'] },
      platform: { fmspc: '00a067110000', certifiedBy: 'Intel SGX PCK Processor CA' },
      root: { name: 'Intel SGX Root CA', fingerprint: INTEL_ROOT },
      simulated: false,
    })
  })

  test('TDX, version 4, with its padding', () => {
    const { quote, trust } = vector('tdx-v4')
    const verdict = verifyEvidence({ quote }, trust)
    expect(verdict).toMatchObject({
      ok: true,
      tee: 'tdx',
      quoteVersion: 4,
      tcb: { status: 'UpToDate', advisories: [] },
      platform: { fmspc: 'b0c06f000000', certifiedBy: 'Intel SGX PCK Platform CA' },
      root: { fingerprint: INTEL_ROOT },
      collateral: { earliestExpiration: new Date('2025-07-19T10:00:35Z') },
    })
    expect(verdict.body).toMatchObject({ kind: 'td10', tdAttributes: { debug: false, septVeDisable: true } })
    expect(parseQuote(quote).length).toBe(4936)
  })

  test('report data are compared', () => {
    const { quote, trust } = vector('tdx-v4')
    const reportData = Buffer.from(verifyEvidence({ quote }, trust).body.reportData, 'hex')
    expect(verifyEvidence({ quote }, { ...trust, binding: { reportData } }).binding).toBe('bound')
    const other = { ...trust, binding: { reportData: new Uint8Array(64) } }
    expect(codesOf(() => verifyEvidence({ quote }, other))).toEqual(['EVIDENCE_BINDING'])
  })

  test.each(['sgx-v3', 'tdx-v4'] as const)('%s: before and after its window', (name) => {
    const { quote, trust } = vector(name)
    const early = codesOf(() => verifyEvidence({ quote }, { ...trust, now: new Date('2025-06-01T00:00:00Z') }))
    expect(early).toEqual(['EVIDENCE_CRL_EARLY', 'EVIDENCE_TCB_INFO_EARLY', 'EVIDENCE_QE_IDENTITY_EARLY'])
    const late = codesOf(() => verifyEvidence({ quote }, { ...trust, now: new Date('2025-08-01T00:00:00Z') }))
    expect(late).toEqual(['EVIDENCE_CRL_EXPIRED', 'EVIDENCE_TCB_INFO_EXPIRED', 'EVIDENCE_QE_IDENTITY_EXPIRED'])
    const never = codesOf(() => verifyEvidence({ quote }, { ...trust, now: new Date('2051-01-01T00:00:00Z') }))
    expect(never).toContain('EVIDENCE_CERTIFICATE_EXPIRED')
  })

  test('another root is not trusted', () => {
    const { quote, trust } = vector('tdx-v4')
    const roots = honest('tdx-v4').rootPem
    expect(codesOf(() => verifyEvidence({ quote }, { ...trust, roots }))).toEqual(['EVIDENCE_ROOT_UNKNOWN'])
  })

  test("one platform's collateral does not judge another", () => {
    const [sgx, tdx] = [vector('sgx-v3'), vector('tdx-v4')]
    const codes = codesOf(() => verifyEvidence({ quote: tdx.quote }, { ...tdx.trust, collateral: sgx.collateral }))
    expect(codes).toEqual([
      'EVIDENCE_CRL_ISSUER',
      'EVIDENCE_TCB_INFO_TEE',
      'EVIDENCE_FMSPC_MISMATCH',
      'EVIDENCE_QE_IDENTITY_TEE',
    ])
  })

  test('padding is zeros only', () => {
    const { quote, trust } = vector('sgx-v3')
    const padded = (last: number) => Uint8Array.from([...quote, ...new Array<number>(3065).fill(0), last])
    expect(verifyEvidence({ quote: padded(0) }, trust).ok).toBe(true)
    expect(codesOf(() => parseQuote(padded(1)))).toEqual(['EVIDENCE_QUOTE_TRAILING'])
  })

  test('a key that is no point of the curve', () => {
    const json = JSON.parse(readText('sgx-v3/collateral.json'))
    const [begin, ...rest] = String(json.tcb_info_issuer_chain).split('-----END CERTIFICATE-----')
    const der = Buffer.from((begin ?? '').replace(/-----[^-]+-----|\s/g, ''), 'base64')
    const at = der.indexOf(Buffer.from('03420004', 'hex')) + 4
    der.fill(0xff, at, at + 32)
    const lines = der.toString('base64').match(/.{1,64}/g) ?? []
    const first = ['-----BEGIN CERTIFICATE-----', ...lines, ''].join('\n')
    json.tcb_info_issuer_chain = [first, ...rest].join('-----END CERTIFICATE-----')
    const { quote, trust } = vector('sgx-v3')
    const collateral = parseCollateral(json)
    expect(codesOf(() => verifyEvidence({ quote }, { ...trust, collateral }))).toEqual(['EVIDENCE_KEY_INVALID'])
  })

  test('the padded quote of a cloud, without collateral, is read', () => {
    const { header, body } = parseQuote(read('tdx-v4-ccel/cos-113-tdx-quote.dat'))
    expect(header).toMatchObject({ version: 4, tee: 'tdx' })
    expect(body.reportData).toBe(Buffer.from(read('tdx-v4-ccel/nonce.dat')).toString('hex'))
  })
})
