import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createSimulatedPlatform, type SimulatedPlatform, type TeeKind } from '../../src/tee/simulator/index.ts'
import { createAuthority } from '../support/identities.ts'
import { createPccs } from '../support/pccs.ts'
import { coffer, createDirectory, createTestIo, jsonLine, NOW } from './support.ts'
import { main } from '../../src/cli/index.ts'

const DAY = 86_400_000
const platformAt = (tee: TeeKind, at = NOW): SimulatedPlatform =>
  createSimulatedPlatform({ seed: 'collateral', now: new Date(at), tee })
const tdx = platformAt('tdx-v4')
const sgx = platformAt('sgx-v3')

async function createSetting() {
  const directory = await createDirectory()
  const pccs = await createPccs({ platforms: [tdx, sgx] })
  const run = (words: string) => coffer(words, { cwd: directory.path })
  await writeFile(join(directory.path, 'quote.bin'), tdx.quote({ reportData: new Uint8Array(64) }))
  await writeFile(join(directory.path, 'root.pem'), tdx.rootPem)
  const read = (name: string) => readFile(join(directory.path, name), 'utf8')
  const put = (name: string, text: string) => writeFile(join(directory.path, name), text)
  const dispose = async () => {
    await pccs[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  }
  return { path: directory.path, pccs, run, read, put, [Symbol.asyncDispose]: dispose }
}

test('the collateral of a quote is fetched, and the quote is genuine with it', async () => {
  await using setting = await createSetting()
  const fetched = await setting.run(`attest collateral fetch --quote quote.bin --service ${setting.pccs.url} --json`)
  expect(fetched).toMatchObject({ code: 0, err: expect.stringContaining('plain http') })
  expect(jsonLine(fetched.out)).toMatchObject({
    file: join(setting.path, 'collateral.json'),
    service: setting.pccs.url,
    tee: 'tdx',
    fmspc: '5154de000000',
    ca: 'platform',
    simulated: true,
    expired: false,
  })
  expect(await setting.read('collateral.json')).toBe(tdx.collateralJson())
  const verified = await setting.run('attest verify quote.bin --collateral collateral.json --roots root.pem --json')
  expect(jsonLine(verified.out)).toMatchObject({ ok: true, status: 'UpToDate' })
})

test('a platform can be named without a quote', async () => {
  await using setting = await createSetting()
  const where = `--service ${setting.pccs.url} --out sgx.json`
  const { code, out } = await setting.run(
    `attest collateral fetch --tee sgx --fmspc 5151EC000000 --ca processor ${where}`,
  )
  expect(code).toBe(0)
  expect(out).toContain('SIMULATED')
  expect(out).toContain('sgx-5151ec000000-processor')
  expect(await setting.read('sgx.json')).toBe(sgx.collateralJson())
})

test.each([
  ['--fmspc 12 --tee tdx --ca platform', 'CLI_ARGUMENT_INVALID'],
  ['--fmspc 5154de000000 --ca platform', 'CLI_ARGUMENT_INVALID'],
  ['--tee tdx', 'CLI_ARGUMENT_INVALID'],
  ['--quote quote.bin --tee tdx', 'CLI_ARGUMENT_INVALID'],
  ['--quote nowhere.bin', 'CLI_FILE_UNREADABLE'],
  ['--quote quote.bin --service http://pccs.example', 'COLLATERAL_SERVICE_URL'],
  ['--quote quote.bin --service-ca nowhere.pem', 'CLI_FILE_UNREADABLE'],
  ['--quote quote.bin --out root.pem', 'CLI_FILE_EXISTS'],
])('fetch %s is unusable: %s', async (words, code) => {
  await using setting = await createSetting()
  const { code: exit, err } = await setting.run(`attest collateral fetch ${words}`)
  expect(err).toContain(`code: ${code}`)
  expect(exit).toBe(2)
})

test('a file that is no quote names no platform', async () => {
  await using setting = await createSetting()
  const { code, err } = await setting.run('attest collateral fetch --quote root.pem')
  expect(err).toContain('code: EVIDENCE_QUOTE_UNSUPPORTED')
  expect(code).toBe(1)
})

test('a service that fails is told, and no file is left', async () => {
  await using setting = await createSetting()
  setting.pccs.misbehave('qeIdentity', 'reset')
  const words = `attest collateral fetch --quote quote.bin --service ${setting.pccs.url}`
  expect(await setting.run(words)).toMatchObject({ code: 3, err: expect.stringContaining('COLLATERAL_UNREACHABLE') })
  setting.pccs.misbehave('qeIdentity', 'error')
  expect(await setting.run(words)).toMatchObject({ code: 1, err: expect.stringContaining('COLLATERAL_REFUSED') })
  setting.pccs.behave()
  expect(await setting.run(words)).toMatchObject({ code: 0 })
})

test('https with an authority of its own', async () => {
  const authority = await createAuthority('demo')
  const { certificatePem, keyPem } = await authority.issue('aggregator', 'pccs')
  await using setting = await createSetting()
  await using pccs = await createPccs({ platforms: [tdx], tls: { cert: certificatePem, key: keyPem.reveal() } })
  await setting.put('ca.pem', authority.rootPem)
  const words = `attest collateral fetch --quote quote.bin --service ${pccs.url}`
  expect(await setting.run(words)).toMatchObject({ code: 1, err: expect.stringContaining('COLLATERAL_TLS') })
  expect(await setting.run(`${words} --service-ca ca.pem`)).toMatchObject({ code: 0, err: '' })
})

test('a slow service: progress after two seconds, and a signal ends it', async () => {
  await using setting = await createSetting()
  setting.pccs.misbehave('tcbInfo', 'slow')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const io = createTestIo({ cwd: setting.path })
    const words = ['attest', 'collateral', 'fetch', '--quote', 'quote.bin', '--service', setting.pccs.url]
    const running = main(words, io)
    await setting.pccs.asked(4)
    expect(io.err()).not.toContain('fetching from')
    vi.advanceTimersByTime(2000)
    expect(io.err()).toContain(`fetching from ${setting.pccs.url}: `)
    io.signal('SIGINT')
    expect(await running).toBe(130)
    expect(io.err()).toContain('COLLATERAL_CANCELLED')
  } finally {
    vi.useRealTimers()
  }
})

test('files are merged into a bundle, the newer one of two, and shown', async () => {
  await using setting = await createSetting()
  await setting.put('old.json', platformAt('tdx-v4', NOW - DAY).collateralJson())
  await setting.put('tdx.json', tdx.collateralJson())
  await setting.put('sgx.json', sgx.collateralJson())
  const first = await setting.run('attest collateral bundle --out one.json tdx.json old.json')
  expect(first).toMatchObject({ code: 0, err: expect.stringContaining('left out') })
  const second = await setting.run('attest collateral bundle sgx.json one.json --out bundle.json --json')
  expect(jsonLine(second.out)).toMatchObject({ platforms: [{ tee: 'sgx' }, { tee: 'tdx' }], leftOut: 0 })
  const document = { format: 'coffer-collateral-bundle-v1', entries: [{ ...sgx.collateral }, { ...tdx.collateral }] }
  expect(JSON.parse(await setting.read('bundle.json'))).toEqual(document)

  const shown = await setting.run('attest collateral show bundle.json')
  expect(shown).toMatchObject({ code: 0, err: '' })
  const lines = shown.out.split('\n').map((line) => line.replaceAll(/ {2,}/g, '|'))
  expect(lines).toContain('PLATFORM|DOCUMENT|ISSUER|ISSUED|NEXT UPDATE|DAYS LEFT|REVOKED|TCB EVALUATION')
  expect(lines.filter((line) => /^(?:sgx|tdx)-/.test(line))).toHaveLength(8)
  expect(lines).toContain(
    'tdx-5154de000000-platform|TCB info|Simulated TEE SGX TCB Signing|2026-05-16|2026-06-15|29|17',
  )
  expect(shown.out).toContain('SIMULATED')
  expect(shown.out).not.toMatch(/EXPIRED|WARNING/)
})

test('what is about to expire is warned of, what has expired ends with 1', async () => {
  await using setting = await createSetting()
  await setting.put('tdx.json', tdx.collateralJson())
  const at = (ms: number) => setting.run(`attest collateral show tdx.json --at ${new Date(NOW + ms).toISOString()}`)
  expect(await at(26 * DAY)).toMatchObject({ code: 0, out: expect.not.stringContaining('WARNING') })
  expect(await at(26 * DAY + 1)).toMatchObject({ code: 0, out: expect.stringContaining('WARNING: tdx-') })
  expect(await at(29 * DAY)).toMatchObject({ code: 0 })
  expect(await at(29 * DAY + 1)).toMatchObject({ code: 1, out: expect.stringContaining('EXPIRED: tdx-') })
  const json = await setting.run('attest collateral show tdx.json --at 2027-01-01T00:00:00Z --json')
  expect(json.code).toBe(1)
  expect(jsonLine(json.out)).toMatchObject({
    at: '2027-01-01T00:00:00.000Z',
    platforms: [
      {
        ...{ tee: 'tdx', simulated: true, expired: true, usableUntil: '2026-06-15T12:00:00.000Z' },
        documents: [
          { document: 'TCB info', tcbEvaluationDataNumber: 17, daysLeft: -200 },
          { document: 'QE identity', tcbEvaluationDataNumber: 17 },
          { document: 'PCK CRL', issuer: 'Simulated TEE SGX PCK Platform CA' },
          { document: 'root CRL', issuer: 'Simulated TEE SGX Root CA' },
        ],
      },
    ],
  })
})

test('files that are none', async () => {
  await using setting = await createSetting()
  await setting.put('text.json', '{}')
  await mkdir(join(setting.path, 'folder'))
  await setting.put('tdx.json', tdx.collateralJson())
  const cases = [
    ['show text.json', 'COLLATERAL_BUNDLE_INVALID'],
    ['show folder', 'COLLATERAL_BUNDLE_UNREADABLE'],
    ['show tdx.json --at noon', 'CLI_ARGUMENT_INVALID'],
    ['bundle --out new.json', 'CLI_ARGUMENT_INVALID'],
    ['bundle tdx.json', 'CLI_ARGUMENT_INVALID'],
    ['bundle tdx.json --out text.json', 'CLI_FILE_EXISTS'],
    ['bundle tdx.json text.json --out new.json', 'COLLATERAL_BUNDLE_INVALID'],
  ] as const
  for (const [words, code] of cases) {
    const { code: exit, err } = await setting.run(`attest collateral ${words}`)
    expect(err).toContain(`code: ${code}`)
    expect(exit).toBe(2)
  }
})

test('help of the group, and what is missing in it', async () => {
  const { out } = await coffer('attest collateral --help')
  for (const each of ['fetch', 'bundle', 'show']) expect(out).toContain(`attest collateral ${each}`)
  expect(out).not.toContain('attest verify')
  const { code, err } = await coffer('attest collateral fetsh')
  expect(code).toBe(2)
  expect(err).toContain("did you mean 'attest collateral fetch'")
})
