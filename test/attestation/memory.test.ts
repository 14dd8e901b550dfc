/**
 * What one verification leaves for the next with the same collateral saves time and nothing else: a collateral that was
 * used before refuses whatever a new one refuses, with the same codes.
 */
import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type Collateral,
  EvidenceError,
  type Evidence,
  MAXIMUM_QUOTE_BYTES,
  parseCollateral,
  parseQuote,
  type Trust,
  verifyEvidence,
} from '../../src/attestation/index.ts'
import { createFindings } from '../../src/attestation/findings.ts'
import { openMemory, type SignedBytes } from '../../src/attestation/memory.ts'
import { faults, type TeeKind, teeKinds } from '../../src/tee/simulator/index.ts'
import { honest, now, platformOf, reportData } from './issued.ts'

function outcome(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof EvidenceError) return error.reasons.map(({ code }) => code).join(' ')
    throw error
  }
  return 'accepted'
}

const evidenceOf = (tee: TeeKind): Evidence => ({ quote: honest(tee).quote({ reportData }) })

function trustOf(tee: TeeKind, changes: Partial<Trust> = {}): Trust {
  const { rootPem } = honest(tee)
  return { roots: rootPem, collateral: newCollateral(tee), binding: { reportData }, now, ...changes }
}

const newCollateral = (tee: TeeKind): Collateral => parseCollateral(honest(tee).collateralJson())

function usedCollateral(tee: TeeKind): Collateral {
  const collateral = newCollateral(tee)
  expect(verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral })).ok).toBe(true)
  return collateral
}

describe.each(teeKinds)('%s, collateral that was used before', (tee) => {
  const collateral = usedCollateral(tee)

  test('gives the same verdict again, and for another quote', () => {
    const first = verifyEvidence(evidenceOf(tee), trustOf(tee))
    expect(verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral }))).toEqual(first)
    const other = Uint8Array.from(reportData, (byte) => byte ^ 1)
    const quote = honest(tee).quote({ reportData: other })
    const binding = { reportData: other }
    expect(verifyEvidence({ quote }, trustOf(tee, { collateral, binding })).binding).toBe('bound')
  })

  test.each([
    ['before everything', '2019-01-01T00:00:00Z'],
    ['before the collateral', '2026-10-01T00:00:00Z'],
    ['after the collateral', '2026-12-31T12:00:00Z'],
    ['after the CRL of the root', '2028-01-01T00:00:00Z'],
    ['after everything', '2051-01-01T00:00:00Z'],
  ])('is judged by the time of each verification: %s', (_when, time) => {
    const at = new Date(time)
    const fresh = outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { now: at })))
    expect(fresh).not.toBe('accepted')
    expect(outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral, now: at })))).toBe(fresh)
  })

  test('is judged by the roots of each verification', () => {
    const strange = parseQuote(platformOf(tee, 'other-root').quote({ reportData })).chain[2].raw
    const roots = [strange]
    expect(outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral, roots })))).toBe(
      'EVIDENCE_ROOT_UNKNOWN',
    )
    expect(outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral, roots: [] })))).toBe(
      'EVIDENCE_ARGUMENT',
    )
  })

  const ofTheQuote = Object.entries(faults)
    .filter(([, fault]) => fault.tees.some((each) => each === tee))
    .map(([name]) => ({ name, platform: platformOf(tee, name) }))
    .filter(({ platform }) => platform.collateralJson() === honest(tee).collateralJson())

  test('refuses every quote that new collateral refuses', () => {
    expect(ofTheQuote.length).toBeGreaterThan(60)
    for (const { name, platform } of ofTheQuote) {
      const quote = platform.quote({ reportData })
      const evidence = platform.eventLog === undefined ? { quote } : { quote, eventLog: platform.eventLog }
      const fresh = outcome(() => verifyEvidence(evidence, trustOf(tee)))
      expect([name, outcome(() => verifyEvidence(evidence, trustOf(tee, { collateral })))]).toEqual([name, fresh])
    }
    expect(verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral })).ok).toBe(true)
  })
})

describe('bytes that change under the verifier', () => {
  const tee = 'tdx-v4'

  test.each<[string, string, (collateral: Collateral) => Uint8Array]>([
    ['TCB info', 'EVIDENCE_TCB_INFO_SIGNATURE', ({ tcbInfo }) => tcbInfo.signed],
    ['the signature of TCB info', 'EVIDENCE_TCB_INFO_SIGNATURE', ({ tcbInfo }) => tcbInfo.signature],
    ['QE identity', 'EVIDENCE_QE_IDENTITY_SIGNATURE', ({ qeIdentity }) => qeIdentity.signed],
    ['the PCK CRL', 'EVIDENCE_CRL_SIGNATURE', ({ pckCrl }) => pckCrl.signed],
    ['the CRL of the root', 'EVIDENCE_CRL_SIGNATURE', ({ rootCrl }) => rootCrl.signed],
    ['the TCB signer', 'EVIDENCE_CERTIFICATE_SIGNATURE', ({ tcbInfo }) => tcbInfo.chain[0].signed],
  ])('%s in a collateral that was used', (_what, code, bytesOf) => {
    const collateral = usedCollateral(tee)
    const bytes = bytesOf(collateral)
    const verified = () => outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral })))
    bytes[20] = (bytes[20] ?? 0) ^ 1
    expect(verified()).toContain(code)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    expect(verified()).toBe('accepted')
  })

  test('parts of used collateral in another one', () => {
    const collateral = usedCollateral(tee)
    const forged = parseCollateral(platformOf(tee, 'tcb-info-altered').collateralJson())
    const mixed = { ...collateral, tcbInfo: forged.tcbInfo }
    expect(outcome(() => verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral: mixed })))).toBe(
      'EVIDENCE_TCB_INFO_SIGNATURE',
    )
  })

  test("a buffer of the caller's that is used again", () => {
    const collateral = usedCollateral(tee)
    const { quote } = evidenceOf(tee)
    const { sections } = honest(tee)
    const verified = () => outcome(() => verifyEvidence({ quote }, trustOf(tee, { collateral })))
    const places = [sections.qeReport, sections.qeSignature, sections.qeAuth + 2, sections.attestationKey]
    for (const place of [...places, sections.chain + 400, sections.body + 500, sections.signature + 3]) {
      expect(verified()).toBe('accepted')
      quote[place] = (quote[place] ?? 0) ^ 1
      expect(verified()).not.toBe('accepted')
      quote[place] = (quote[place] ?? 0) ^ 1
    }
  })

  test('a verdict cannot change what is remembered', () => {
    const collateral = usedCollateral(tee)
    const { platform } = verifyEvidence(evidenceOf(tee), trustOf(tee, { collateral }))
    expect(Object.isFrozen(platform.components)).toBe(true)
  })
})

describe('a memory', () => {
  const { attestationKey, signed, signature } = parseQuote(evidenceOf('sgx-v3').quote)
  const it: SignedBytes = { point: attestationKey, data: signed, signature, form: 'raw' }
  const other = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, at) => (at === 0 ? byte ^ 1 : byte))

  /** How many of `asked` had to be computed. */
  function computed(owner: object, asked: readonly SignedBytes[], right: boolean, kept: boolean): number {
    let count = 0
    const memory = openMemory(owner)
    for (const each of asked) {
      const result = memory.signed(each, () => {
        count += 1
        return right
      })
      expect(result).toBe(count === 0 ? true : right)
    }
    if (kept) memory.keep()
    return count
  }

  test('keeps what was right, for its owner, once told to', () => {
    const owner = {}
    expect(computed(owner, [it, it], true, false)).toBe(1)
    expect(computed(owner, [it], true, true)).toBe(1)
    expect(computed(owner, [it], false, true)).toBe(0)
    expect(computed({}, [it], true, true)).toBe(1)
  })

  test('never keeps what was wrong', () => {
    const owner = {}
    expect(computed(owner, [it, it], false, true)).toBe(2)
    expect(computed(owner, [it], true, true)).toBe(1)
  })

  test('compares key, data, signature and form', () => {
    const owner = {}
    computed(owner, [it], true, true)
    const others: SignedBytes[] = [
      { ...it, point: other(it.point) },
      { ...it, data: other(it.data) },
      { ...it, data: it.data.subarray(1) },
      { ...it, signature: other(it.signature) },
      { ...it, form: 'der' },
    ]
    for (const each of others) expect(computed(owner, [each], false, true)).toBe(1)
    expect(computed(owner, [it], false, true)).toBe(0)
  })

  test('forgets rather than grows', () => {
    const owner = {}
    const many = Array.from({ length: 64 }, (_, at) => ({ ...it, signature: Uint8Array.of(at) }))
    for (const each of many) computed(owner, [each], true, true)
    expect(computed(owner, many, true, false)).toBe(0)
    computed(owner, [it], true, true)
    expect(computed(owner, many, true, false)).toBe(64)
    expect(computed(owner, [it], true, false)).toBe(0)
  })

  test('keeps keys and chains by their bytes', () => {
    const owner = {}
    const { chain } = parseQuote(evidenceOf('sgx-v3').quote)
    const make = () => createPublicKey(honest('sgx-v3').rootPem)
    const bytes = Uint8Array.of(1, 2, 3)
    const [first, key] = [openMemory(owner), make()]
    first.key(it.point, () => key)
    first.chain(bytes, () => chain)
    first.keep()
    bytes[0] = 9
    const second = openMemory(owner)
    expect(second.key(it.point, make)).toBe(key)
    expect(second.key(other(it.point), make)).not.toBe(key)
    expect(second.chain(Uint8Array.of(1, 2, 3), () => [chain[0], chain[0], chain[0]])).toBe(chain)
    expect(second.chain(bytes, () => [chain[0], chain[0], chain[0]])).not.toBe(chain)
  })
})

describe('hostile evidence is refused in bounded time', () => {
  /** Of this process, so that a busy machine changes nothing. All need less than a tenth; what is quadratic needs more. */
  const MOST_CPU_MS = 1_500

  function refusedInTime(action: () => unknown): string {
    const began = process.cpuUsage()
    const result = outcome(action)
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 1000).toBeLessThan(MOST_CPU_MS)
    return result
  }

  test('a certificate chain of zeros', () => {
    const platform = honest('tdx-v4')
    const { sections } = platform
    const bytes = new Uint8Array(MAXIMUM_QUOTE_BYTES)
    bytes.set(platform.quote({ reportData }).subarray(0, sections.chain))
    bytes[bytes.length - 1] = 0x78
    const view = new DataView(bytes.buffer)
    for (const at of [sections.authLength, sections.wrapper + 2, sections.chainHeader + 2]) {
      view.setUint32(at, bytes.length - at - 4, true)
    }
    expect(refusedInTime(() => parseQuote(bytes))).toBe('EVIDENCE_PEM_INVALID')
  })

  const text = (piece: string, count: number): string => piece.repeat(count)
  const inTcbInfo = (tcb_info: string): string => JSON.stringify({ ...honest('tdx-v4').collateral, tcb_info })
  test.each<[string, string]>([
    ['nested lists', `{"tcb_info":${text('[', 4_000_000)}${text(']', 4_000_000)}}`],
    ['nested objects', `${text('{"a":', 1_000_000)}1${text('}', 1_000_000)}`],
    ['empty objects', `{"tcb_info":[${text('{},', 2_500_000)}{}]}`],
    ['empty objects in TCB info', inTcbInfo(`{"a":[${text('{},', 2_500_000)}{}]}`)],
    ['spaces after a name', `{"a"${text(' ', 8_000_000)}:1}`],
  ])('%s', (_what, source) => {
    expect(refusedInTime(() => parseCollateral(source))).toBe('EVIDENCE_COLLATERAL_INVALID')
  })

  test('findings beyond the first hundred', () => {
    const findings = createFindings()
    for (let i = 0; i < 16_384; i += 1) findings.check(false, 'EVIDENCE_EVENT_LOG_TEXT', () => `event ${i}`)
    expect(outcome(() => findings.refuse()).split(' ')).toHaveLength(100)
  })
})
