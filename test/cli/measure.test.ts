/** `attest measure`: what it computes, what it only reads, and that its fragment is one that a policy takes. */
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CliError } from '../../src/cli/errors.ts'
import { measureVerbs } from '../../src/cli/attest/measure-verbs.ts'
import type { Context } from '../../src/cli/io.ts'
import { parseCommandLine } from '../../src/cli/parse.ts'
import { parseSignedPolicy } from '../../src/job/index.ts'
import { createSimulatedPlatform } from '../../src/tee/simulator/index.ts'
import { pemOf } from '../job/attestation-policies.ts'
import { coffer, createTestIo } from './support.ts'

const AT = '2026-07-01T00:00:00Z'
const BUNDLE = Buffer.from('export const program = 1\n')
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coffer-measure-'))
  await writeFile(join(directory, 'bundle'), BUNDLE)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const at = (name: string) => join(directory, name)
const sha384 = (...parts: Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha384')).digest()
const RTMR3 = sha384(new Uint8Array(48), sha384(BUNDLE)).toString('hex')

/** The verb by itself, so that nothing else of the command line has to be there. */
async function measure(...words: string[]) {
  const { verb, options } = parseCommandLine(['attest', 'measure', ...words], measureVerbs)
  let record: Record<string, unknown> = {}
  let text = ''
  const io = createTestIo()
  const context: Context = {
    ...{ io, home: '/nowhere', homeGiven: false, json: true, verbose: false, quiet: true },
    path: (relative) => relative,
    result: (value, lines) => {
      record = JSON.parse(JSON.stringify(value))
      text = typeof lines === 'string' ? lines : lines.join('\n')
    },
    remark: () => undefined,
  }
  const code = await verb?.run(context, options)
  return { code, record, text }
}

/** What `policy new` makes of the lines, pasted into what a person writes. */
async function programs(text: string): Promise<unknown> {
  const place = await mkdtemp(at('policy-'))
  const draft = [
    'federation: north\npurpose: production\nthreshold: 1\nroots: [intel]\norganisations: { alpha: alpha.pem }',
    'roles:\n  aggregator:\n    tcbStatuses: [UpToDate]\n    advisories: []\n    minimumTcbEvaluation: 1',
    `    maximumCollateralAge: 86400${text.slice(text.indexOf('\n    programs:'))}\n`,
  ].join('\n')
  await writeFile(join(place, 'draft.yaml'), draft)
  await writeFile(join(place, 'alpha.pem'), pemOf('alpha'))
  const out = join(place, 'policy.json')
  const { code, err } = await coffer(['policy', 'new', join(place, 'draft.yaml'), '--out', out])
  expect({ code, err }).toMatchObject({ code: 0 })
  return parseSignedPolicy(await readFile(out, 'utf8'), out).policy.roles.aggregator.programs
}

async function evidence(tee: 'tdx-v4' | 'tdx-v5' | 'sgx-v3', body: Record<string, Uint8Array> = {}, fault?: string) {
  const platform = createSimulatedPlatform({ seed: '7', now: new Date(AT), tee, ...(fault && { fault }) })
  const name = await mkdtemp(at('evidence-'))
  await writeFile(join(name, 'quote'), platform.quote({ reportData: new Uint8Array(64), body }))
  await writeFile(join(name, 'collateral'), platform.collateralJson())
  await writeFile(join(name, 'root'), platform.rootPem)
  await writeFile(join(name, 'log'), platform.eventLog ?? '')
  return {
    words: [
      '--quote',
      join(name, 'quote'),
      '--collateral',
      join(name, 'collateral'),
      '--roots',
      join(name, 'root'),
      '--at',
      AT,
    ],
    log: join(name, 'log'),
  }
}

describe('a bundle', () => {
  test('gives its digests and the register they lead to', async () => {
    const { code, record, text } = await measure('--bundle', at('bundle'))
    expect(code).toBe(0)
    expect(record).toMatchObject({
      ok: true,
      bundle: {
        bytes: BUNDLE.length,
        sha256: createHash('sha256').update(BUNDLE).digest('hex'),
        sha384: sha384(BUNDLE).toString('hex'),
        rtmr3: RTMR3,
      },
      programs: [],
    })
    expect(text).toContain('not a whole program yet')
    expect(text).toContain(RTMR3)
  })

  test('with a quote gives a whole program, and says where each value is from', async () => {
    const { words, log } = await evidence('tdx-v4', { rtmr3: new Uint8Array(48) })
    const { code, record, text } = await measure('--bundle', at('bundle'), ...words)
    expect(code).toBe(0)
    expect(record).toMatchObject({
      quote: { tee: 'tdx', simulated: true },
      programs: [{ tee: 'tdx', rtmr3: [RTMR3] }],
      sources: { rtmr3: 'computed from the bundle', mrTd: 'read from the quote', mrSeam: 'read from the quote' },
    })
    expect(await programs(text)).toEqual(record.programs)
    expect(text).toContain('SIMULATED')
    expect(text).toContain('these values are worth')
    expect(text).toMatch(/rtmr3: .* # computed from the bundle/)
    expect(log).toBeDefined()
  })

  test('that the machine did not run is refused', async () => {
    const { words } = await evidence('tdx-v4', { rtmr3: new Uint8Array(48).fill(1) })
    const { code, record } = await measure('--bundle', at('bundle'), ...words)
    expect(code).toBe(1)
    expect(record).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('it ran something else')],
      programs: [],
    })
  })
})

describe('a quote', () => {
  test.each(['tdx-v4', 'tdx-v5', 'sgx-v3'] as const)(
    'of %s alone gives a fragment that a policy takes',
    async (tee) => {
      const { record, text } = await measure(...(await evidence(tee)).words)
      expect(await programs(text)).toEqual(record.programs)
      const values = Object.values(record.sources ?? {})
      expect(new Set(values)).toEqual(new Set(['read from the quote']))
    },
  )

  test('that is not genuine is a source of nothing', async () => {
    const { code, record, text } = await measure(...(await evidence('tdx-v4', {}, 'revoked-pck')).words)
    expect(code).toBe(1)
    expect(record).toEqual({ ok: false, reasons: ['EVIDENCE_PCK_REVOKED'], programs: [] })
    expect(text).toContain('nothing was read from it')
  })

  test('of a TD with its event log: replayed, and told what that shows', async () => {
    const { words, log } = await evidence('tdx-v4')
    const { code, record, text } = await measure(...words, '--event-log', log)
    expect(code).toBe(0)
    expect(record.events).toBeGreaterThan(3)
    expect(text).toContain('not that its texts are true')
  })

  test('after the program ran: RTMR3 may also be that of the bundle', async () => {
    const { words, log } = await evidence('tdx-v4', { rtmr3: Buffer.from(RTMR3, 'hex') })
    expect((await measure(...words, '--bundle', at('bundle'), '--event-log', log)).code).toBe(0)
    const { code, record } = await measure(...words, '--event-log', log)
    expect(code).toBe(1)
    expect(record.problems).toEqual([expect.stringContaining('leads to RTMR3')])
  })

  test('of another boot than the event log is refused', async () => {
    const { words, log } = await evidence('tdx-v4', { rtmr1: new Uint8Array(48).fill(9) })
    const { code, record } = await measure(...words, '--event-log', log)
    expect(code).toBe(1)
    expect(record.problems).toEqual([expect.stringContaining('leads to RTMR1')])
  })
})

/** A SIGSTRUCT that is really signed, as gramine-sgx-sign writes it. */
function sigstruct(changes: { debug?: boolean } = {}): Buffer {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 })
  const little = (part: Buffer) => Buffer.from(part).reverse()
  const modulus = Buffer.from(String(privateKey.export({ format: 'jwk' }).n), 'base64url')
  const bytes = Buffer.alloc(1808)
  Buffer.from('06000000e10000000000010000000000', 'hex').copy(bytes)
  little(modulus).copy(bytes, 128)
  bytes.writeUInt32LE(3, 512)
  bytes[928] = changes.debug ? 7 : 5
  bytes[944] = 0xff
  bytes.fill(0xe1, 960, 992)
  bytes.writeUInt16LE(1, 1024)
  bytes.writeUInt16LE(4, 1026)
  const signed = Buffer.concat([bytes.subarray(0, 128), bytes.subarray(900, 1028)])
  little(sign('sha256', signed, createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })))).copy(bytes, 516)
  return bytes
}

describe('an enclave', () => {
  test('from SIGSTRUCT: signer, product and version, and a fragment', async () => {
    const bytes = sigstruct()
    await writeFile(at('enclave.sig'), bytes)
    const { code, record, text } = await measure('--sigstruct', at('enclave.sig'))
    expect(code).toBe(0)
    const mrSigner = createHash('sha256').update(bytes.subarray(128, 512)).digest('hex')
    expect(record.programs).toEqual([
      {
        ...{ tee: 'sgx', mrEnclave: ['e1'.repeat(32)], mrSigner: [mrSigner], isvProdId: 1, minimumIsvSvn: 4 },
        configId: ['00'.repeat(64)],
      },
    ])
    expect(await programs(text)).toEqual(record.programs)
    expect(record.sources).toMatchObject({ mrEnclave: 'read from SIGSTRUCT', configId: 'as in deploy/' })
  })

  test('by MRENCLAVE alone: product and version as deploy/ sets them', async () => {
    const { record, text } = await measure('--mrenclave', 'AB'.repeat(32))
    expect(await programs(text)).toEqual(record.programs)
    expect(record).toMatchObject({
      programs: [{ mrEnclave: ['ab'.repeat(32)], mrSigner: 'any', isvProdId: 1, minimumIsvSvn: 1 }],
      sources: { mrEnclave: 'given', isvProdId: 'as in deploy/' },
    })
  })

  test('that is another one in SIGSTRUCT, or may be debugged, is refused', async () => {
    await writeFile(at('enclave.sig'), sigstruct({ debug: true }))
    const { code, record } = await measure('--sigstruct', at('enclave.sig'), '--mrenclave', 'ab'.repeat(32))
    expect(code).toBe(1)
    expect(record.problems).toEqual([expect.stringContaining('MRENCLAVE is'), expect.stringContaining('debug mode')])
  })

  test('beside the quote of a TD is refused', async () => {
    const { words } = await evidence('tdx-v4')
    expect((await measure(...words, '--mrenclave', 'ab'.repeat(32))).code).toBe(1)
  })
})

describe('unusable', () => {
  const cases: [string, () => Promise<string[]>, string][] = [
    ['nothing at all', async () => [], 'nothing to measure'],
    ['an MRENCLAVE of another length', async () => ['--mrenclave', 'abcd'], 'expected 32 bytes'],
    ['a quote without collateral', async () => (await evidence('tdx-v4')).words.slice(0, 2), 'collateral'],
    [
      'an event log without the quote of a TD',
      async () => [...(await evidence('sgx-v3')).words, '--event-log', at('bundle')],
      'needs --quote',
    ],
    ['a SIGSTRUCT of another form', async () => ['--sigstruct', at('bundle')], 'no SIGSTRUCT'],
    [
      'a SIGSTRUCT that was changed',
      async () => {
        const bytes = sigstruct()
        bytes[961] = 0
        await writeFile(at('changed.sig'), bytes)
        return ['--sigstruct', at('changed.sig')]
      },
      'its signature does not hold',
    ],
    ['a time that is none', async () => [...(await evidence('tdx-v4')).words.slice(0, 6), '--at', 'noon'], 'noon'],
  ]
  test.each(cases)('%s', async (_name, words, says) => {
    const error = await measure(...(await words())).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CliError)
    expect(error).toMatchObject({ code: 'CLI_ARGUMENT_INVALID', message: expect.stringContaining(says) })
  })

  test('a file that is not there', async () => {
    await expect(measure('--bundle', at('nowhere'))).rejects.toMatchObject({ code: 'CLI_FILE_UNREADABLE' })
  })
})
