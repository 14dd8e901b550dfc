import { describe, expect, test } from 'vitest'
import { platformOf } from '../../../src/attestation/index.ts'
import {
  type CollateralCode,
  CollateralError,
  fetchCollateral,
  parseCollateralService,
} from '../../../parties/collateral/index.ts'
import { createRandom, type Random } from '../../../src/crypto/index.ts'
import { createAuthority } from '../../support/identities.ts'
import { createPccs, misbehaviours, type Pccs, type PccsQuestion } from '../../support/pccs.ts'
import { platformAt, quoteOf, refusal, sgx, START, tdx } from './setting.ts'

const now = () => START
const never = new AbortController().signal
const ofTdx = platformOf(quoteOf(tdx))
const ofSgx = platformOf(quoteOf(sgx))

const fetchFrom = (pccs: Pccs, more: { rootCrl?: string } = {}, platform = ofTdx) =>
  fetchCollateral(platform, parseCollateralService({ service: pccs.url, ...more }), { signal: never, now })

describe.each(['pccs', 'old-pccs', 'pem', 'pcs'] as const)('a service of style %s', (style) => {
  test.each([
    ['tdx', tdx, ofTdx],
    ['sgx', sgx, ofSgx],
  ] as const)('gives %s collateral, byte for byte what was issued', async (_tee, simulated, platform) => {
    await using pccs = await createPccs({ platforms: [tdx, sgx], style })
    const progress: string[] = []
    const { json } = await fetchCollateral(
      platform,
      parseCollateralService({ service: pccs.url, ...(style === 'pcs' && { rootCrl: pccs.rootCrlUrl }) }),
      { signal: never, now, progress: (_answer, received, of) => progress.push(`${received} of ${of}`) },
    )
    expect(json).toBe(simulated.collateralJson())
    expect(progress).toEqual(['1 of 4', '2 of 4', '3 of 4', '4 of 4'])
    expect(new Set(pccs.requests)).toEqual(
      new Set([
        `/sgx/certification/v4/pckcrl?ca=${platform.ca}&encoding=der`,
        style === 'pcs' ? '/IntelSGXRootCA.der' : '/sgx/certification/v4/rootcacrl',
        `/${platform.tee}/certification/v4/tcb?fmspc=${platform.fmspc.toUpperCase()}`,
        `/${platform.tee}/certification/v4/qe/identity`,
      ]),
    )
  })
})

const refused: readonly (readonly [PccsQuestion, keyof typeof misbehaviours, CollateralCode])[] = [
  ['tcbInfo', 'truncated', 'COLLATERAL_UNREACHABLE'],
  ['rootCrl', 'truncated', 'COLLATERAL_UNREACHABLE'],
  ['pckCrl', 'reset', 'COLLATERAL_UNREACHABLE'],
  ['qeIdentity', 'not HTTP', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'half', 'COLLATERAL_ANSWER_INVALID'],
  ['rootCrl', 'half', 'COLLATERAL_ANSWER_INVALID'],
  ['pckCrl', 'half', 'COLLATERAL_ANSWER_INVALID'],
  ['qeIdentity', 'empty', 'COLLATERAL_ANSWER_INVALID'],
  ['pckCrl', 'empty', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'huge', 'COLLATERAL_TOO_LARGE'],
  ['pckCrl', 'endless', 'COLLATERAL_TOO_LARGE'],
  ['qeIdentity', 'endless header', 'COLLATERAL_TOO_LARGE'],
  ['tcbInfo', 'login page', 'COLLATERAL_ANSWER_INVALID'],
  ['rootCrl', 'login page', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'no chain', 'COLLATERAL_CHAIN_MISSING'],
  ['pckCrl', 'no chain', 'COLLATERAL_CHAIN_MISSING'],
  ['qeIdentity', 'no chain', 'COLLATERAL_CHAIN_MISSING'],
  ['qeIdentity', 'chain not encoded', 'COLLATERAL_ANSWER_INVALID'],
  ['pckCrl', 'chain cut', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'redirect', 'COLLATERAL_REFUSED'],
  ['tcbInfo', 'gzip bomb', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'not JSON', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'not UTF-8', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'document twice', 'COLLATERAL_ANSWER_INVALID'],
  ['qeIdentity', 'document twice', 'COLLATERAL_ANSWER_INVALID'],
  ['tcbInfo', 'no signature', 'COLLATERAL_ANSWER_INVALID'],
  ['rootCrl', 'error', 'COLLATERAL_REFUSED'],
  ['rootCrl', 'not found', 'COLLATERAL_REFUSED'],
  ['tcbInfo', 'not found', 'COLLATERAL_UNKNOWN_PLATFORM'],
  ['tcbInfo', 'unknown to this PCCS', 'COLLATERAL_UNKNOWN_PLATFORM'],
  ['tcbInfo', 'of another platform', 'COLLATERAL_MISMATCH'],
  ['tcbInfo', 'busy for an hour', 'COLLATERAL_BUSY'],
  ['tcbInfo', 'busy until a date', 'COLLATERAL_BUSY'],
  ['tcbInfo', 'busy without a time', 'COLLATERAL_BUSY'],
  ['tcbInfo', 'busy for no time', 'COLLATERAL_BUSY'],
]

test.each(refused)('%s: %s is %s, and the next fetch works', async (question, how, code) => {
  await using pccs = await createPccs({ platforms: [tdx] })
  pccs.misbehave(question, how)
  const error = await refusal(fetchFrom(pccs))
  expect(error).toBeInstanceOf(CollateralError)
  expect(error.code).toBe(code)
  expect(error.message).toContain(pccs.url)
  await pccs.idle()
  pccs.behave()
  expect((await fetchFrom(pccs)).json).toBe(tdx.collateralJson())
})

test('answers with bytes changed, cut or added end in collateral or in a code, whatever they are', async () => {
  await using pccs = await createPccs({ platforms: [tdx] })
  const random = createRandom('mutated answers')
  const questions = ['pckCrl', 'rootCrl', 'tcbInfo', 'qeIdentity'] as const
  const codes = new Set<string>()
  for (let round = 0; round < 200; round += 1) {
    pccs.misbehave(questions[round % 4] ?? 'pckCrl', (response, { headers, body }) => {
      response.writeHead(200, headers).end(mutated(body, random))
    })
    const outcome = await fetchFrom(pccs).then(
      () => 'collateral',
      (error: unknown) => (error instanceof CollateralError ? error.code : String(error)),
    )
    codes.add(outcome)
    pccs.behave()
  }
  // Where only a signature or a date changed it still has the form, and the verifier refuses it.
  const allowed = ['COLLATERAL_ANSWER_INVALID', 'COLLATERAL_MISMATCH', 'collateral']
  expect([...codes].filter((code) => !allowed.includes(code))).toEqual([])
  expect(codes).toContain('COLLATERAL_ANSWER_INVALID')
})

function mutated(body: Uint8Array, random: Random): Uint8Array {
  const at = random.below(body.length)
  const kind = random.below(4)
  if (kind === 0) return body.subarray(0, at)
  if (kind === 1) return Buffer.concat([body.subarray(0, at), Buffer.of(random.below(256)), body.subarray(at)])
  const copy = Uint8Array.from(body)
  copy[at] = kind === 2 ? random.below(256) : Number(copy[at]) ^ (1 << random.below(8))
  return copy
}

test('every way to misbehave is in the table, or has a test of its own', () => {
  const names: readonly string[] = refused.map(([, how]) => how)
  expect(Object.keys(misbehaviours).filter((how) => !names.includes(how))).toEqual(['slow'])
})

test('a platform that the service does not know', async () => {
  await using pccs = await createPccs({ platforms: [tdx] })
  const error = await refusal(fetchFrom(pccs, {}, { tee: 'tdx', fmspc: '00112233aabb', ca: 'platform' }))
  expect(error.code).toBe('COLLATERAL_UNKNOWN_PLATFORM')
  expect(error.message).toContain('00112233AABB')
})

test('a service that is busy for a moment is asked again', async () => {
  await using pccs = await createPccs({ platforms: [tdx] })
  pccs.misbehave('tcbInfo', 'busy for no time', 2)
  expect((await fetchFrom(pccs)).json).toBe(tdx.collateralJson())
  expect(pccs.requests.filter((path) => path.includes('/tcb?'))).toHaveLength(3)
})

test('TCB info of one TEE with QE identity of the other is refused', async () => {
  await using pccs = await createPccs({ platforms: [platformAt('tdx-v4', START, 'sgx-qe-identity-for-tdx')] })
  expect((await refusal(fetchFrom(pccs))).code).toBe('COLLATERAL_ANSWER_INVALID')
})

test('the deadline is for everything together, and leaves no connection open', async () => {
  await using pccs = await createPccs({ platforms: [tdx] })
  pccs.misbehave('qeIdentity', 'slow')
  const service = parseCollateralService({ service: pccs.url })
  const error = await refusal(fetchCollateral(ofTdx, service, { signal: never, now, timeoutMs: 50 }))
  expect(error.code).toBe('COLLATERAL_TIMEOUT')
  await pccs.idle()
})

test('who cancels gets an answer at once, and the requests end', async () => {
  await using pccs = await createPccs({ platforms: [tdx] })
  pccs.misbehave('tcbInfo', 'slow')
  const caller = new AbortController()
  const service = parseCollateralService({ service: pccs.url })
  const fetching = refusal(fetchCollateral(ofTdx, service, { signal: caller.signal, now }))
  await pccs.asked(4)
  caller.abort()
  expect((await fetching).code).toBe('COLLATERAL_CANCELLED')
  await pccs.idle()
  const late = fetchCollateral(ofTdx, service, { signal: caller.signal, now })
  expect((await refusal(late)).code).toBe('COLLATERAL_CANCELLED')
  expect(pccs.requests).toHaveLength(4)
})

test('nobody there', async () => {
  const pccs = await createPccs({ platforms: [tdx] })
  await pccs[Symbol.asyncDispose]()
  expect((await refusal(fetchFrom(pccs))).code).toBe('COLLATERAL_UNREACHABLE')
})

test('TLS: an authority of its own has to be given, and has to be the right one', async () => {
  const [own, other] = await Promise.all([createAuthority('demo'), createAuthority('demo')])
  const { certificatePem, keyPem } = await own.issue('aggregator', 'pccs')
  await using pccs = await createPccs({ platforms: [tdx], tls: { cert: certificatePem, key: keyPem.reveal() } })
  const fetchWith = (authorities?: string) => {
    const service = parseCollateralService({ service: pccs.url, ...(authorities !== undefined && { authorities }) })
    return fetchCollateral(ofTdx, service, { signal: never, now })
  }
  expect((await fetchWith(own.rootPem)).json).toBe(tdx.collateralJson())
  for (const authorities of [undefined, other.rootPem, 'not a certificate']) {
    expect((await refusal(fetchWith(authorities))).code).toBe('COLLATERAL_TLS')
  }
})

describe('the address of a service', () => {
  test.each([
    'pccs:8081',
    'ftp://pccs.example/',
    'http://pccs.example:8081',
    'http://127.0.0.1.example/',
    'http://10.0.0.7/',
    'https://user:secret@pccs.example',
    'https://pccs.example/?key=1',
    'https://pccs.example/#a',
    'nonsense',
    '',
  ])('%j is refused', (service) => {
    const error = catching(() => parseCollateralService({ service }))
    expect(String(error)).not.toContain('secret')
    expect(error).toBeInstanceOf(CollateralError)
    expect(error).toMatchObject({ code: 'COLLATERAL_SERVICE_URL' })
  })

  test('is the same with the path that the configuration of Intel has, and without', () => {
    const paths = ['', '/', '/sgx/certification/v4', '/sgx/certification/v4/']
    const bases = paths.map((path) => parseCollateralService({ service: `https://pccs.example:8081${path}` }))
    expect(new Set(bases.map(({ base }) => base))).toEqual(new Set(['https://pccs.example:8081']))
    expect(bases[0]?.rootCrl.href).toBe('https://pccs.example:8081/sgx/certification/v4/rootcacrl')
    expect(bases[0]?.plain).toBe(false)
  })

  test('plain http is for this machine, and is told', () => {
    for (const host of ['localhost:8081', '127.0.0.1', '[::1]:8081']) {
      expect(parseCollateralService({ service: `http://${host}` }).plain).toBe(true)
    }
  })

  test("without one it is Intel's, with the root's list at its distribution point", () => {
    const { base, rootCrl } = parseCollateralService({})
    expect(base).toBe('https://api.trustedservices.intel.com')
    expect(rootCrl.href).toBe('https://certificates.trustedservices.intel.com/IntelSGXRootCA.der')
  })
})

function catching(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
