/** What `attest explain` tells a reviewer: the right verdict beside the right field, for records and for quotes. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainVerbs } from '../../src/cli/attest/explain/verbs.ts'
import { words, wordsOf } from '../../src/cli/attest/explain/words.ts'
import { wrap } from '../../src/cli/attest/explain/print.ts'
import { CliError } from '../../src/cli/errors.ts'
import { createSimulatedPlatform, type TeeKind, variationNames } from '../../src/tee/simulator/index.ts'
import { referencesFor } from '../attestation/issued.ts'
import { type Changes, type Connections, createConnections } from '../parties/attestation/connections.ts'
import { told } from './explanations.ts'
import { coffer, NOW } from './support.ts'

let connections: Connections
let directory: string
beforeAll(async () => {
  connections = await createConnections()
  directory = await mkdtemp(join(tmpdir(), 'coffer-explain-'))
})
afterAll(async () => {
  await connections[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

let count = 0
async function record(changes: Changes = {}) {
  count += 1
  return connections.connect(`record-${count}`, changes)
}

/** Without an event log, which would contradict other registers first. */
const measuring = (body: Changes['measurements']): Changes => {
  const { platform } = connections.attestation
  return {
    attester: { name: 'changed', quote: async (reportData) => platform.quote({ reportData, ...(body && { body }) }) },
  }
}

describe('a record', () => {
  test('of an accepted connection is told whole, under a loud SIMULATED, and agrees', async () => {
    const { path } = await record()
    const { exit, lines, object, refused } = await told(path)
    expect(exit).toBe(0)
    expect(lines[0]).toMatch(/^SIMULATED/)
    expect(lines[1]).toMatch(/^ACCEPTED: the aggregator at 127\.0\.0\.1:7401, for federation test/)
    expect(refused).toEqual([])
    expect(object).toMatchObject({ kind: 'record', ok: true, outcome: 'accepted', agrees: true, reasons: [] })
    expect(object.sections.map(({ name }) => name)).toEqual([
      ...['connection', 'session', 'keys', 'quote', 'program', 'attributes', 'tcb', 'platform', 'quotingEnclave'],
      ...['root', 'collateral', 'eventLog'],
    ])
    const fields = object.sections.flatMap((section) => section.fields)
    expect(fields.filter(({ verdict }) => verdict === 'claim')).toEqual([])
    expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length)
  })

  test('is at most 110 columns wide, has every value whole, and colours on a terminal only', async () => {
    const { path } = await record({ overlay: 'maximumCollateralAge: 600\n' })
    const { lines, object } = await told(path)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110)
    const text = lines.join('').replaceAll(' ', '')
    for (const { value } of object.sections.flatMap((section) => section.fields)) {
      expect(text).toContain(value.replaceAll(' ', ''))
    }
    expect(lines.join('')).not.toContain('\x1b[')
    expect((await told(path, {}, true)).lines.join('')).toContain('\x1b[31mSIMULATED')
  })

  test.each(['rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrTd', 'mrConfigId', 'mrOwner', 'mrOwnerConfig'])(
    'with another %s is refused at that field and no other, beside what was expected',
    async (name) => {
      const honest = (await told((await record(measuring(undefined))).path)).field(name).value
      const { path } = await record(measuring({ [name]: new Uint8Array(48).fill(9) }))
      const explained = await told(path)
      expect(explained).toMatchObject({ exit: 1, refused: [name], object: { outcome: 'refused', agrees: true } })
      expect(explained.object.reasons).toMatchObject([{ code: 'APPRAISAL_MEASUREMENT' }])
      expect(explained.field(name)).toMatchObject({ value: '09'.repeat(48), expected: [honest] })
      expect(explained.lines.join('\n')).toContain('means')
    },
  )

  test.each([
    ['DEBUG', '0100001000000000', 'tdDebug'],
    ['the debug group', '0400001000000000', 'tdOtherDebug'],
    ['SEPT_VE_DISABLE', '0000000000000000', 'tdSeptVeDisable'],
    ['MIGRATABLE', '0000003000000000', 'tdMigratable'],
    ['an unknown bit', '0000001000010000', 'tdUnknown'],
  ])('tells %s bit by bit', async (_what, attributes, field) => {
    const { path } = await record(measuring({ tdAttributes: Uint8Array.from(Buffer.from(attributes, 'hex')) }))
    expect(await told(path)).toMatchObject({ exit: 1, refused: [field] })
  })

  test('of a relay shows which ends differ, and that the quote was not looked at', async () => {
    const theirs = { clientKey: new Uint8Array(32).fill(7), exporter: new Uint8Array(32).fill(8) }
    const { path } = await record({ theirs })
    const explained = await told(path)
    expect(explained).toMatchObject({ exit: 1, refused: ['clientKey', 'exporter'], object: { agrees: true } })
    expect(explained.field('nonce').verdict).toBe('ok')
    expect(explained.field('proof').verdict).toBe('note')
    expect(explained.field('clientKey').codes).toEqual(['SESSION_CLIENT_KEY'])
    expect(explained.field('mrTd').verdict).toBe('claim')
    expect(explained.field('epoch').verdict).toBe('claim')
    expect(explained.lines.join(' ')).toContain('before the quote was looked at')
  })

  const refusals: [string, () => Changes, string[]][] = [
    ['an earlier nonce', () => ({ theirs: { nonce: new Uint8Array(32) } }), ['nonce']],
    ['another signature', () => ({ answer: (a) => ({ ...a, signature: new Uint8Array(64) }) }), ['proof']],
    ['no statement', () => ({ answer: (a) => ({ ...a, statement: Uint8Array.of(1) }) }), ['statement', 'reportData']],
    ['an old key', () => ({ now: () => Date.now() + 600_000 }), ['keyExpires']],
    ['a key of the future', () => ({ now: () => Date.now() - 600_000 }), ['keyIssued', 'keyExpires']],
    [
      'another policy',
      () => ({ proverPolicy: { digest: 'ab'.repeat(32), version: 2 } }),
      ['policyDigest', 'policyVersion'],
    ],
    ['stricter rules', () => ({ overlay: 'tcbStatuses: [SWHardeningNeeded]\n' }), ['tcbStatus']],
    ['older collateral', () => ({ overlay: 'maximumCollateralAge: 60\n' }), ['collateralAge']],
    ['a later evaluation', () => ({ overlay: 'minimumTcbEvaluation: 99999\n' }), ['tcbEvaluation']],
    ['another root', () => ({ overlay: `roots: [${'ab'.repeat(32)}]\n` }), ['rootFingerprint']],
    ['no program of this kind', () => ({ overlay: 'programs: []\n' }), ['tee']],
    ['another event log', () => ({ answer: (a) => ({ ...a, eventLog: Uint8Array.of(1, 2, 3) }) }), ['events']],
  ]
  test.each(refusals)('refused for %s is told at its field', async (_what, changes, refused) => {
    const { path, error } = await record(changes())
    expect(error).toBeDefined()
    const explained = await told(path)
    expect([...explained.refused].sort()).toEqual([...refused].sort())
    expect(explained).toMatchObject({ exit: 1, object: { outcome: 'refused', agrees: true } })
  })

  test('of a quote that was changed has claims only; of one that is none, no word on it', async () => {
    const changed = (quote: Uint8Array) => quote.map((byte, at) => (at === 200 ? byte ^ 1 : byte))
    const forged = await told((await record({ answer: (a) => ({ ...a, quote: changed(a.quote) }) })).path)
    expect(forged.refused).toContain('quoteSignature')
    expect(forged.field('rtmr3').verdict).toBe('claim')
    expect(forged.field('qeReport').verdict).toBe('claim')
    const unreadable = await told((await record({ answer: (a) => ({ ...a, quote: a.quote.subarray(0, 99) }) })).path)
    expect(unreadable.object.sections.map(({ name }) => name)).toEqual(['connection', 'session', 'keys'])
    expect(unreadable).toMatchObject({ exit: 1, object: { reasons: [{ code: 'EVIDENCE_QUOTE_TRUNCATED' }] } })
  })

  test('without collateral keeps the reason that was recorded', async () => {
    const find = () => Promise.reject(new CliError('CLI_UNEXPECTED', 'the service is away'))
    const { path } = await record({ collateral: { ...connections.attestation.collateral, find } })
    const explained = await told(path)
    expect(explained).toMatchObject({ exit: 1, object: { agrees: true, reasons: [{ code: 'CLI_UNEXPECTED' }] } })
    expect(explained.lines.join(' ')).toContain('no collateral')
  })

  test('that was changed to say otherwise than its content disagrees, loudly', async () => {
    const { path } = await record({ theirs: { exporter: new Uint8Array(32) } })
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('"outcome": "refused"', '"outcome": "accepted"'))
    const explained = await told(path)
    expect(explained).toMatchObject({ exit: 1, object: { ok: false, outcome: 'refused', agrees: false } })
    expect(explained.lines.slice(0, 3).join('\n')).toContain('DISAGREEMENT')
    const accepted = await record()
    await writeFile(accepted.path, (await readFile(accepted.path, 'utf8')).replace('"accepted"', '"refused"'))
    expect(await told(accepted.path)).toMatchObject({
      exit: 1,
      object: { ok: false, outcome: 'accepted', agrees: false },
    })
  })

  test('shows no control characters of a hostile record', async () => {
    const { path } = await record()
    await writeFile(path, (await readFile(path, 'utf8')).replace('127.0.0.1:7401', '\\u001b[2J\\u202eevil'))
    const { exit, lines } = await told(path)
    expect(exit).toBe(0)
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/)
  })
})

const AT = new Date(NOW).toISOString()

async function evidence(tee: TeeKind, fault?: string) {
  const platform = createSimulatedPlatform({
    seed: 'attestation tests',
    now: new Date(NOW),
    tee,
    ...(fault && { fault }),
  })
  const base = join(directory, `${tee}-${fault ?? 'honest'}`)
  await writeFile(`${base}.quote`, platform.quote({ reportData: new Uint8Array(64).fill(5) }))
  await writeFile(`${base}.collateral`, platform.collateralJson())
  await writeFile(`${base}.pem`, platform.rootPem)
  if (platform.eventLog) await writeFile(`${base}.log`, platform.eventLog)
  const log = platform.eventLog === undefined ? {} : { 'event-log': `${base}.log` }
  const judged = {
    collateral: `${base}.collateral`,
    roots: `${base}.pem`,
    at: AT,
    'report-data': '05'.repeat(64),
    ...log,
  }
  return { quote: `${base}.quote`, judged, log }
}

async function policyFor(tee: TeeKind, changes: object = {}): Promise<string> {
  const file = join(directory, `policy-${tee}-${Object.keys(changes).join('-')}.json`)
  await writeFile(file, JSON.stringify({ ...referencesFor(tee), ...changes }))
  return file
}

const kinds = ['sgx-v3', 'tdx-v4', 'tdx-v5'] as const

describe.each(kinds)('a quote of %s', (tee) => {
  test('alone shows claims, and says so', async () => {
    const { quote } = await evidence(tee)
    const { exit, lines, object } = await told(quote)
    expect(exit).toBe(0)
    expect(lines.slice(0, 2).join('\n')).toMatch(/^SIMULATED.*\nCLAIMS ONLY/)
    expect(object).toMatchObject({ kind: 'quote', ok: null, outcome: 'claims' })
    const verdicts = object.sections.flatMap(({ fields }) => fields.map(({ verdict }) => verdict))
    expect([...new Set(verdicts)]).toEqual(['claim'])
  })

  test('with collateral is genuine; with a policy accepted; with another policy refused', async () => {
    const { quote, judged } = await evidence(tee)
    expect(await told(quote, judged)).toMatchObject({ exit: 0, refused: [], object: { ok: true, outcome: 'genuine' } })
    const accepted = await told(quote, { ...judged, policy: await policyFor(tee) })
    expect(accepted).toMatchObject({ exit: 0, refused: [], object: { ok: true, outcome: 'accepted' } })
    const refused = await told(quote, { ...judged, policy: await policyFor(tee, { simulated: false, programs: [] }) })
    expect(refused).toMatchObject({ exit: 1, refused: ['tee', 'simulated'], object: { ok: false, outcome: 'refused' } })
  })

  test('with other report data than asked for is refused, even where nothing is verified', async () => {
    const { quote, judged } = await evidence(tee)
    expect(await told(quote, { 'report-data': '06' })).toMatchObject({ exit: 1, refused: ['reportData'] })
    const explained = await told(quote, { ...judged, 'report-data': '06' })
    expect(explained).toMatchObject({ exit: 1, refused: ['reportData'], object: { outcome: 'refused' } })
  })
})

test.each(['sgx-v3', 'tdx-v5'] as const)(
  '%s with any fault comes out as the verifier says, and the refusal is told at a field',
  async (tee) => {
    const policy = await policyFor(tee)
    // Of documents that cannot be read there is no field; the reason itself says where.
    const unplaced = /^EVIDENCE_(?:DER|PEM|KEY|CERTIFICATE|COLLATERAL|CRL)_(?:INVALID|MISSING)$/
    for (const fault of variationNames(tee)) {
      const { quote, judged } = await evidence(tee, fault)
      const explained = await told(quote, { ...judged, policy })
      const words = Object.entries({ ...judged, policy }).flatMap(([name, value]) => [`--${name}`, value])
      const verified = await coffer(['attest', 'verify', quote, ...words, '--json'])
      const { reasons } = JSON.parse(verified.out) as { reasons: string[] }
      if (explained.code !== undefined) expect([...reasons, 'CLI_ARGUMENT_INVALID'], fault).toContain(explained.code)
      else {
        expect(explained.exit, fault).toBe(verified.code)
        expect(
          explained.object.reasons.map(({ code }) => code),
          fault,
        ).toEqual(reasons)
        const placed = reasons.some((code) => !unplaced.test(code))
        expect(explained.refused.length > 0, `${fault}: ${reasons.join()}`).toBe(placed)
      }
    }
  },
)

describe('files and options that cannot be used', () => {
  test('a file that is neither, and one that is not there', async () => {
    const file = join(directory, 'text')
    await writeFile(file, 'hello')
    expect(await told(file)).toMatchObject({ exit: 2, code: 'CLI_ARGUMENT_INVALID' })
    expect(await told(join(directory, 'nothing'))).toMatchObject({ exit: 2, code: 'CLI_FILE_UNREADABLE' })
  })

  test('JSON that is no record, and a record without its objects', async () => {
    const file = join(directory, 'json')
    await writeFile(file, '{ "format": "another" }')
    expect(await told(file)).toMatchObject({ exit: 2, code: 'RECORD_INVALID' })
    const { path } = await record()
    await writeFile(file, await readFile(path))
    expect(await told(file)).toMatchObject({ exit: 1, code: 'RECORD_OBJECT' })
  })

  test('options of quotes for a record, and those that need collateral', async () => {
    const { path } = await record()
    expect(await told(path, { at: AT })).toMatchObject({ exit: 2, code: 'CLI_ARGUMENT_INVALID' })
    const { quote } = await evidence('tdx-v4')
    for (const options of [{ at: AT }, { roots: 'x' }, { policy: 'x' }]) {
      expect(await told(quote, options)).toMatchObject({ exit: 2, code: 'CLI_ARGUMENT_INVALID' })
    }
  })

  test('a quote cut at any length gives a coded error, and mutated bytes never a crash', async () => {
    const { quote } = await evidence('tdx-v4')
    const bytes = await readFile(quote)
    const file = join(directory, 'cut')
    for (let length = 1; length < bytes.length; length += 397) {
      await writeFile(file, bytes.subarray(0, length))
      expect((await told(file)).code).toMatch(/^(?:EVIDENCE_|CLI_ARGUMENT_INVALID)/)
    }
    for (let at = 0; at < bytes.length; at += 97) {
      await writeFile(
        file,
        bytes.map((byte, index) => (index === at ? byte ^ 0xff : byte)),
      )
      expect((await told(file)).code ?? 'none').not.toBe('CLI_UNEXPECTED')
    }
  })
})

test('the event log of another boot is refused at its registers, without any collateral', async () => {
  const { quote, log } = await evidence('tdx-v4')
  expect(await told(quote, log)).toMatchObject({ exit: 0, refused: [] })
  const other = createSimulatedPlatform({
    seed: 'attestation tests',
    now: new Date(NOW),
    tee: 'tdx-v4',
    fault: 'wrong-td-measurement',
  })
  const file = join(directory, 'other.quote')
  await writeFile(file, other.quote({ reportData: new Uint8Array(64), body: { rtmr1: new Uint8Array(48) } }))
  const explained = await told(file, log)
  expect(explained.exit).toBe(1)
  expect(explained.refused).toContain('rtmr1Events')
})

test('real quotes are told as they are', async (context) => {
  const vectors = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url))
  if (!existsSync(vectors)) context.skip('no real quotes beside the project')
  const of = (name: string, file: string) => join(vectors, name, file)
  const at = '2025-07-01T00:00:00Z'
  const sgx = await told(of('sgx-v3', 'quote.bin'), { collateral: of('sgx-v3', 'collateral.json'), at })
  expect(sgx).toMatchObject({ exit: 0, object: { outcome: 'genuine', simulated: false } })
  expect(sgx.field('tcbStatus').explanation).toContain('a setting leaves a weakness open')
  expect(sgx.field('advisories').value).toBe('INTEL-SA-00289, INTEL-SA-00615')
  const tdx = await told(of('tdx-v4', 'quote.bin'), { collateral: of('tdx-v4', 'collateral.json'), at })
  expect(tdx.field('tcbStatus').value).toBe('UpToDate')
  expect(tdx.field('rootFingerprint').explanation).toContain('This is the one of Intel.')
  const gcp = await told(of('tdx-v4-ccel', 'cos-113-tdx-quote.dat'), {
    'event-log': of('tdx-v4-ccel', 'ccel_data.dat'),
  })
  expect(gcp).toMatchObject({ exit: 0, refused: [], object: { outcome: 'claims' } })
  expect(gcp.field('events').value).toMatch(/^43 measured/)
})

test('every field has a label that fits, and one short sentence or two', () => {
  for (const name of Object.keys(words)) {
    const [label, explanation] = wordsOf(name as keyof typeof words)
    expect(label.length, name).toBeLessThanOrEqual(32)
    expect(explanation, name).toMatch(/^[A-Z0-9].{8,100}\.$/)
  }
})

test('lines are cut at spaces; long values into equal parts', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
  expect(wrap('ab'.repeat(64), 99)).toEqual(['ab'.repeat(32), 'ab'.repeat(32)])
  expect(wrap('', 8)).toEqual([''])
})

test('the verb has an example for each kind of file', () => {
  expect(explainVerbs.map(({ name }) => name)).toEqual(['attest explain'])
  expect(explainVerbs[0]?.examples).toHaveLength(2)
})
