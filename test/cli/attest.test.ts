import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { coffer, jsonLine } from './support.ts'

const AT = '2026-07-01T00:00:00Z'
const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))

async function simulated(tee: string, ...more: string[]): Promise<string> {
  const out = join(directory, [tee, ...more].join('-').replaceAll(/[^a-z0-9-]/g, ''))
  if (existsSync(out)) return out
  const { code } = await coffer(['attest', 'simulate', '--seed', '7', '--tee', tee, '--at', AT, '--out', out, ...more])
  expect(code).toBe(0)
  return out
}

const verify = (from: string, ...more: string[]) =>
  coffer([
    ...['attest', 'verify', join(from, 'quote.bin'), '--collateral', join(from, 'collateral.json')],
    ...['--roots', join(from, 'root.pem'), '--at', AT, '--json', ...more],
  ])

describe.each(['sgx-v3', 'tdx-v4', 'tdx-v5'])('simulated %s', (tee) => {
  test('is genuine under its own root, and says that it is simulated', async () => {
    const { code, out } = await verify(await simulated(tee))
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({
      ok: true,
      status: 'UpToDate',
      advisories: [],
      reasons: [],
      tee: tee.slice(0, 3),
      root: { name: expect.stringContaining('Simulated TEE') },
      simulated: true,
    })
  })

  test('with a fault is refused with its code and exit code 1', async () => {
    const { code, out } = await verify(await simulated(tee, '--fault', 'revoked-pck'))
    expect(code).toBe(1)
    expect(jsonLine(out)).toMatchObject({ ok: false, status: null, reasons: ['EVIDENCE_PCK_REVOKED'] })
  })
})

test("Intel's root is the default, under which nothing simulated is genuine", async () => {
  const from = await simulated('tdx-v4')
  const { code, out } = await coffer([
    ...[
      'attest',
      'verify',
      join(from, 'quote.bin'),
      '--collateral',
      join(from, 'collateral.json'),
      '--at',
      AT,
      '--json',
    ],
  ])
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({ ok: false, root: null })
})

test('no name in a hostile certificate reaches the terminal as a control', async () => {
  const from = await simulated('tdx-v4')
  const quote = readFileSync(join(from, 'quote.bin')).toString('latin1')
  const end = '-----END CERTIFICATE-----'
  const root = quote.slice(quote.lastIndexOf('-----BEGIN CERTIFICATE-----'), quote.lastIndexOf(end) + end.length)
  const der = Buffer.from(root.replaceAll(/-----.*?-----|\n/g, ''), 'base64').toString('latin1')
  const changed = Buffer.from(der.replaceAll('Simulated TEE', '\x1b[2J\x1b[H\xc2\x9b\xd8\x9c x'), 'latin1')
  const lines = changed.toString('base64').match(/.{1,64}/g) ?? []
  const hostile = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----`
  expect(hostile).toHaveLength(root.length)
  const file = join(directory, 'hostile.bin')
  writeFileSync(
    file,
    Buffer.from(
      quote.replace(root, () => hostile),
      'latin1',
    ),
  )
  const options = ['--collateral', join(from, 'collateral.json'), '--at', AT]
  for (const verb of ['verify', 'explain']) {
    const { code, out } = await coffer(['attest', verb, file, ...options])
    expect(code).toBe(1)
    expect(out).toContain('EVIDENCE_ROOT_UNKNOWN')
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c]/)
  }
})

test('the report data is compared when it is given', async () => {
  const from = await simulated('tdx-v4', '--report-data', 'aabb')
  expect((await verify(from, '--report-data', 'aabb')).code).toBe(0)
  const { code, out } = await verify(from, '--report-data', 'aabc')
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({ reasons: ['EVIDENCE_BINDING'] })
})

test.each([
  ['--report-data', 'ab'.repeat(65)],
  ['--report-data', 'xy'],
  ['--at', 'yesterday'],
])('a simulation with %s %s is refused, not guessed', async (option, value) => {
  const words = ['attest', 'simulate', '--seed', '7', '--tee', 'tdx-v4', '--out', 'out', option, value]
  const { code, err } = await coffer(words)
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(`${option} is`) })
})

test('roots that are none are an unusable argument, and say nothing of the quote', async () => {
  const from = await simulated('tdx-v4')
  writeFileSync(join(from, 'garbage.pem'), 'garbage')
  const words = ['attest', 'verify', join(from, 'quote.bin'), '--collateral', join(from, 'collateral.json')]
  const { code, err } = await coffer([...words, '--at', AT, '--roots', join(from, 'garbage.pem')])
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('code: EVIDENCE_ARGUMENT') })
})

test('the event log is replayed when it is given', async () => {
  const from = await simulated('tdx-v4')
  const { out } = await verify(from, '--event-log', join(from, 'event-log.bin'))
  expect(jsonLine(out)).toMatchObject({ ok: true, events: expect.any(Number) })
})

describe('a policy', () => {
  test('accepts what it lists and names every reason against the rest', async () => {
    const from = await simulated('tdx-v4')
    const { body, root } = jsonLine((await verify(from)).out) as {
      body: Record<string, string>
      root: { fingerprint: string }
    }
    const program = {
      tee: 'tdx',
      mrTd: [body.mrTd],
      ...Object.fromEntries(
        ['mrSeam', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrConfigId', 'mrOwner', 'mrOwnerConfig', 'xfam'].map((name) => [
          name,
          'any',
        ]),
      ),
      serviceTds: [],
      minimumTeeTcbSvn: '00'.repeat(16),
    }
    const values = {
      roots: [root.fingerprint],
      simulated: true,
      tcbStatuses: ['UpToDate'],
      advisories: [],
      minimumTcbEvaluation: 0,
      maximumCollateralAge: 30 * 86_400,
      programs: [program],
    }
    const file = join(directory, 'policy.json')
    writeFileSync(file, JSON.stringify(values))
    expect(jsonLine((await verify(from, '--policy', file)).out)).toMatchObject({ ok: true, reasons: [] })

    writeFileSync(
      file,
      JSON.stringify({ ...values, simulated: false, programs: [{ ...program, mrTd: ['00'.repeat(48)] }] }),
    )
    const { code, out } = await verify(from, '--policy', file)
    expect(code).toBe(1)
    const { reasons } = jsonLine(out) as { reasons: string[] }
    expect(reasons.length).toBeGreaterThanOrEqual(2)
    expect(reasons.every((reason) => reason.startsWith('APPRAISAL_'))).toBe(true)
  })

  test('with an unknown key is unusable', async () => {
    const file = join(directory, 'typo.json')
    writeFileSync(file, '{ "root": [] }')
    const { code, out } = await verify(await simulated('sgx-v3'), '--policy', file)
    expect(code).toBe(2)
    expect(out).toContain('roots')
  })
})

describe('unusable arguments end with 2', () => {
  const cases: [string, string[]][] = [
    [
      'an unknown fault',
      ['attest', 'simulate', '--seed', '1', '--tee', 'tdx-v4', '--fault', 'nonsense', '--out', join(directory, 'x')],
    ],
    ['no collateral', ['attest', 'verify', 'quote.bin']],
    ['a quote that is not there', ['attest', 'verify', 'nowhere', '--collateral', 'nowhere']],
  ]
  test.each(cases)('%s', async (_, words) => {
    expect((await coffer(words)).code).toBe(2)
  })
})

test('a real quote gives the status that its collateral says', async (context) => {
  const vectors = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url))
  if (!existsSync(vectors)) context.skip('no real quotes beside the project')
  const expected = { 'sgx-v3': 'ConfigurationAndSWHardeningNeeded', 'tdx-v4': 'UpToDate' }
  for (const [name, status] of Object.entries(expected)) {
    const quote = join(vectors, name, 'quote.bin')
    const collateral = join(vectors, name, 'collateral.json')
    expect(readFileSync(quote).length).toBeGreaterThan(1_000)
    const { code, out } = await coffer([
      'attest',
      'verify',
      quote,
      '--collateral',
      collateral,
      '--at',
      '2025-07-01T00:00:00Z',
      '--json',
    ])
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({ ok: true, status, simulated: false })
  }
})
