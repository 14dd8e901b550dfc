import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EvidenceError, verifyEvidence } from '../../../src/attestation/index.ts'
import { type CollateralSource, createCollateralSource } from '../../../parties/collateral/index.ts'
import { createTestClock, type TestClock } from '../../support/clock.ts'
import { createPccs, type Pccs } from '../../support/pccs.ts'
import {
  createDirectory,
  createWatchedLog,
  DAY,
  platformAt,
  quoteOf,
  refusal,
  reportData,
  sgx,
  START,
  tdx,
  type WatchedLog,
} from './setting.ts'

const never = new AbortController().signal
const REQUESTS = 4
const FILE = 'tdx-5154de000000-platform.json'

interface Setting extends AsyncDisposable {
  readonly pccs: Pccs
  readonly directory: string
  readonly clock: TestClock
  readonly watched: WatchedLog
  /** Each is what a process that starts anew has. */
  source(): CollateralSource
}

async function createSetting(): Promise<Setting> {
  const pccs = await createPccs({ platforms: [tdx, sgx] })
  const base = await createDirectory()
  const clock = createTestClock(START)
  const watched = createWatchedLog()
  const directory = join(base.path, 'made', 'when needed')
  const sources: CollateralSource[] = []
  return {
    ...{ pccs, directory, clock, watched },
    source() {
      const { log } = watched
      const source = createCollateralSource({ cacheDirectory: directory, service: pccs.url, now: clock.now, log })
      sources.push(source)
      return source
    },
    async [Symbol.asyncDispose]() {
      for (const source of sources) await source[Symbol.asyncDispose]()
      await pccs[Symbol.asyncDispose]()
      await base[Symbol.asyncDispose]()
    },
  }
}

test.each(['tdx-v4', 'tdx-v5', 'sgx-v3'] as const)('a %s quote is verified with what was found', async (tee) => {
  await using setting = await createSetting()
  const platform = platformAt(tee)
  setting.pccs.fill([platform])
  const { collateral, json } = await setting.source().find(quoteOf(platform), never)
  const quote = platform.quote({ reportData })
  const trust = { roots: platform.rootPem, collateral, now: new Date(START), binding: { reportData } }
  expect(verifyEvidence({ quote }, trust)).toMatchObject({ ok: true, simulated: true, tcb: { status: 'UpToDate' } })
  expect(json).toBe(platform.collateralJson())
})

test('signatures are left to the verifier: forged collateral is found, refused there, and forgotten on demand', async () => {
  await using setting = await createSetting()
  setting.pccs.fill([platformAt('tdx-v4', START, 'missigned-tcb-info')])
  const source = setting.source()
  const quote = tdx.quote({ reportData })
  const verify = async () => {
    const { collateral } = await source.find(quoteOf(tdx), never)
    return verifyEvidence({ quote }, { roots: tdx.rootPem, collateral, now: new Date(START), binding: { reportData } })
  }
  const refused: unknown = await verify().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(EvidenceError)
  expect(refused).toMatchObject({ code: 'EVIDENCE_TCB_INFO_SIGNATURE' })
  setting.pccs.fill([tdx])
  await source.forget(quoteOf(tdx))
  expect(await verify()).toMatchObject({ ok: true })
})

describe('kept', () => {
  test('in memory: the same object, and no request', async () => {
    await using setting = await createSetting()
    const source = setting.source()
    const first = await source.find(quoteOf(tdx), never)
    expect((await source.find(quoteOf(tdx), never)).collateral).toBe(first.collateral)
    expect(setting.pccs.requests).toHaveLength(REQUESTS)
    await source.find(quoteOf(sgx), never)
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
  })

  test('on disk: whole files only, found by the next process', async () => {
    await using setting = await createSetting()
    const first = await setting.source().find(quoteOf(tdx), never)
    expect(await readdir(setting.directory)).toEqual([FILE])
    const again = await setting.source().find(quoteOf(tdx), never)
    expect(again.json).toBe(first.json)
    expect(setting.pccs.requests).toHaveLength(REQUESTS)
  })

  test('once for all who ask at the same time; who gives up leaves alone', async () => {
    await using setting = await createSetting()
    setting.pccs.misbehave('tcbInfo', 'slow', 1)
    const source = setting.source()
    const leaving = new AbortController()
    const patient = source.find(quoteOf(tdx), never)
    const hasty = refusal(source.find(quoteOf(tdx), leaving.signal))
    await setting.pccs.asked(REQUESTS)
    leaving.abort()
    expect((await hasty).code).toBe('COLLATERAL_CANCELLED')
    expect(setting.pccs.requests).toHaveLength(REQUESTS)
    await source[Symbol.asyncDispose]()
    expect((await refusal(patient)).code).toBe('COLLATERAL_CANCELLED')
    expect((await refusal(source.find(quoteOf(tdx), never))).code).toBe('COLLATERAL_CANCELLED')
    await source[Symbol.asyncDispose]()
    await setting.pccs.idle()
  })

  test('when the last one gives up the requests end, and the next one begins anew', async () => {
    await using setting = await createSetting()
    setting.pccs.misbehave('tcbInfo', 'slow', 1)
    const source = setting.source()
    const leaving = new AbortController()
    const hasty = refusal(source.find(quoteOf(tdx), leaving.signal))
    await setting.pccs.asked(REQUESTS)
    leaving.abort()
    await hasty
    await setting.pccs.idle()
    const patient = await Promise.all([source.find(quoteOf(tdx), never), source.find(quoteOf(tdx), never)])
    expect(patient[0].collateral).toBe(patient[1].collateral)
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
  })

  test('a failure is not kept', async () => {
    await using setting = await createSetting()
    setting.pccs.misbehave('pckCrl', 'reset', 1)
    const source = setting.source()
    expect((await refusal(source.find(quoteOf(tdx), never))).code).toBe('COLLATERAL_UNREACHABLE')
    expect((await source.find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
  })
})

describe('a file of the cache that is damaged is told, and fetched again', () => {
  const change = (from: RegExp, to: string) => (text: string) => text.replace(from, to)
  test.each([
    ['cut', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of another format', change(/cache-v1/, 'cache-v2')],
    ['with a time that is none', change(/"fetched": "[^"]*"/, '"fetched": "yesterday"')],
    ['with one more member', change(/^\{/, '{ "more": 1,')],
    ['with a broken list', change(/"pck_crl": "30/, '"pck_crl": "31')],
    [
      'without collateral',
      () => JSON.stringify({ format: 'coffer-collateral-cache-v1', fetched: 0, collateral: null }),
    ],
    ['too large', () => ' '.repeat(10 * 2 ** 20)],
  ] as const)('%s', async (_how, damage) => {
    await using setting = await createSetting()
    await setting.source().find(quoteOf(tdx), never)
    const file = join(setting.directory, FILE)
    const good = await readFile(file, 'utf8')
    await writeFile(file, damage(good))
    expect((await setting.source().find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
    expect(setting.watched.codes()).toEqual(['COLLATERAL_CACHE_DAMAGED'])
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
    expect(await readFile(file, 'utf8')).toBe(good)
  })

  test('the collateral of another platform under its name', async () => {
    await using setting = await createSetting()
    await setting.source().find(quoteOf(sgx), never)
    const [name = ''] = await readdir(setting.directory)
    await writeFile(join(setting.directory, FILE), await readFile(join(setting.directory, name)))
    expect((await setting.source().find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
    expect(setting.watched.codes()).toEqual(['COLLATERAL_CACHE_DAMAGED'])
  })

  test('a directory under its name: neither read nor written, and yet collateral is found', async () => {
    await using setting = await createSetting()
    await mkdir(join(setting.directory, FILE, 'x'), { recursive: true })
    expect((await setting.source().find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
    expect(setting.watched.codes()).toEqual(['COLLATERAL_CACHE_DAMAGED', 'COLLATERAL_CACHE_UNWRITABLE'])
    expect(await readdir(setting.directory)).toEqual([FILE])
  })
})

test('a cache directory that cannot be made is a warning', async () => {
  await using setting = await createSetting()
  await mkdir(join(setting.directory, '..'), { recursive: true })
  await writeFile(setting.directory, 'a file in its place')
  const source = setting.source()
  expect((await source.find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
  expect(setting.watched.codes()).toEqual(['COLLATERAL_CACHE_DAMAGED', 'COLLATERAL_CACHE_UNWRITABLE'])
})

describe('renewed', () => {
  test('after a day, behind an answer that is given at once', async () => {
    await using setting = await createSetting()
    const source = setting.source()
    const first = await source.find(quoteOf(tdx), never)
    setting.clock.advance(DAY - 1)
    await source.find(quoteOf(tdx), never)
    expect(setting.pccs.requests).toHaveLength(REQUESTS)
    setting.clock.advance(1)
    const newer = platformAt('tdx-v4', setting.clock.now())
    setting.pccs.fill([newer])
    expect((await source.find(quoteOf(tdx), never)).collateral).toBe(first.collateral)
    await setting.watched.until('collateral renewed')
    expect((await source.find(quoteOf(tdx), never)).json).toBe(newer.collateralJson())
    expect((await setting.source().find(quoteOf(tdx), never)).json).toBe(newer.collateralJson())
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
  })

  test('what comes unchanged stays the same object', async () => {
    await using setting = await createSetting()
    const source = setting.source()
    const first = await source.find(quoteOf(tdx), never)
    setting.clock.advance(DAY)
    await source.find(quoteOf(tdx), never)
    await setting.watched.until('collateral renewed')
    expect((await source.find(quoteOf(tdx), never)).collateral).toBe(first.collateral)
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
  })

  test('when half of what was left of its life is gone', async () => {
    await using setting = await createSetting()
    setting.clock.advance(28.5 * DAY)
    const source = setting.source()
    await source.find(quoteOf(tdx), never)
    setting.clock.advance(DAY / 4 - 1)
    await source.find(quoteOf(tdx), never)
    expect(setting.pccs.requests).toHaveLength(REQUESTS)
    setting.clock.advance(1)
    await source.find(quoteOf(tdx), never)
    await setting.watched.until('collateral renewed')
    expect(setting.pccs.requests).toHaveLength(2 * REQUESTS)
  })

  test('a failure is a warning, and tried again after a pause', async () => {
    await using setting = await createSetting()
    const source = setting.source()
    const first = await source.find(quoteOf(tdx), never)
    setting.clock.advance(2 * DAY)
    setting.pccs.misbehave('rootCrl', 'error')
    expect((await source.find(quoteOf(tdx), never)).collateral).toBe(first.collateral)
    await setting.watched.until('COLLATERAL_REFUSED')
    const asked = setting.pccs.requests.length
    expect((await source.find(quoteOf(tdx), never)).collateral).toBe(first.collateral)
    expect(setting.pccs.requests).toHaveLength(asked)
    setting.pccs.behave()
    setting.clock.advance(600_000)
    await source.find(quoteOf(tdx), never)
    await setting.watched.until('collateral renewed')
    expect(setting.watched.codes()).toEqual(['COLLATERAL_REFUSED'])
  })

  test('never used when it is expired, from memory or from disk, even where nothing newer can be had', async () => {
    await using setting = await createSetting()
    const source = setting.source()
    await source.find(quoteOf(tdx), never)
    setting.clock.advance(30 * DAY)
    setting.pccs.misbehave('tcbInfo', 'reset')
    for (const each of [source, setting.source()]) {
      const error = await refusal(each.find(quoteOf(tdx), never))
      expect(error.code).toBe('COLLATERAL_EXPIRED')
      expect(error.message).toContain('2026-07-30T00:00:00')
      expect(error.cause).toMatchObject({ code: 'COLLATERAL_UNREACHABLE' })
    }
    setting.pccs.behave()
    const stale = await refusal(source.find(quoteOf(tdx), never))
    expect(stale.code).toBe('COLLATERAL_EXPIRED')
    const newer = platformAt('tdx-v4', setting.clock.now())
    setting.pccs.fill([newer])
    expect((await source.find(quoteOf(tdx), never)).json).toBe(newer.collateralJson())
  })
})

test('plain http to this machine is told once', async () => {
  await using setting = await createSetting()
  const { log, lines } = createWatchedLog()
  createCollateralSource({ cacheDirectory: setting.directory, service: setting.pccs.url, now: setting.clock.now, log })
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('plain http') }])
})
