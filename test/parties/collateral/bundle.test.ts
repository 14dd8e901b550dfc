import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type CollateralSource,
  createCollateralSource,
  mergeCollateralBundles,
  readCollateralBundle,
} from '../../../parties/collateral/index.ts'
import { parseQuote, platformOf } from '../../../src/attestation/index.ts'
import { present, read as readVector, readText } from '../../attestation/vectors.ts'
import { createTestClock } from '../../support/clock.ts'
import { createDirectory, createWatchedLog, DAY, platformAt, quoteOf, refusal, sgx, START, tdx } from './setting.ts'

const never = new AbortController().signal

async function createSetting() {
  const directory = await createDirectory()
  const file = join(directory.path, 'bundle.json')
  const clock = createTestClock(START)
  const watched = createWatchedLog()
  const source: CollateralSource = createCollateralSource({
    cacheDirectory: join(directory.path, 'never made'),
    bundle: file,
    service: 'nobody asks it',
    now: clock.now,
    log: watched.log,
  })
  const put = async (text: string) => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  return { ...{ directory, file, clock, watched, source, put }, [Symbol.asyncDispose]: directory[Symbol.asyncDispose] }
}

/** The text of a bundle of these, made as the command line makes it. */
async function bundleOf(...platforms: (typeof tdx)[]): Promise<string> {
  await using directory = await createDirectory()
  const files = platforms.map((_, at) => join(directory.path, `${at}.json`))
  await Promise.all(platforms.map((each, at) => writeFile(files[at] ?? '', each.collateralJson())))
  return mergeCollateralBundles(await Promise.all(files.map(readCollateralBundle))).text
}

test('every platform of a bundle is found, as the text that went in', async () => {
  await using setting = await createSetting()
  await setting.put(await bundleOf(tdx, sgx))
  for (const platform of [tdx, sgx]) {
    const found = await setting.source.find(quoteOf(platform), never)
    expect(found.json).toBe(platform.collateralJson())
    expect((await setting.source.find(quoteOf(platform), never)).collateral).toBe(found.collateral)
  }
})

test('one collateral file counts as a bundle of one', async () => {
  await using setting = await createSetting()
  await setting.put(tdx.collateralJson())
  expect((await setting.source.find(quoteOf(tdx), never)).json).toBe(tdx.collateralJson())
  const error = await refusal(setting.source.find(quoteOf(sgx), never))
  expect(error.code).toBe('COLLATERAL_NOT_IN_BUNDLE')
  expect(error.message).toContain('sgx-5151ec000000-processor')
})

test('expired entries are never used', async () => {
  await using setting = await createSetting()
  await setting.put(tdx.collateralJson())
  setting.clock.advance(29 * DAY)
  await setting.source.find(quoteOf(tdx), never)
  setting.clock.advance(1)
  expect((await refusal(setting.source.find(quoteOf(tdx), never))).code).toBe('COLLATERAL_EXPIRED')
})

test('a new file is read, and while it is not readable the old content stays in use', async () => {
  await using setting = await createSetting()
  await setting.put(tdx.collateralJson())
  const old = await setting.source.find(quoteOf(tdx), never)
  await setting.put('half of a f')
  expect((await setting.source.find(quoteOf(tdx), never)).collateral).toBe(old.collateral)
  await rm(setting.file)
  expect((await setting.source.find(quoteOf(tdx), never)).collateral).toBe(old.collateral)
  expect(setting.watched.codes()).toEqual(['COLLATERAL_BUNDLE_INVALID', 'COLLATERAL_BUNDLE_UNREADABLE'])
  const newer = platformAt('tdx-v4', START + DAY)
  await setting.put(await bundleOf(newer, sgx))
  expect((await setting.source.find(quoteOf(tdx), never)).json).toBe(newer.collateralJson())
  await setting.source.forget(quoteOf(tdx))
  expect((await setting.source.find(quoteOf(tdx), never)).json).toBe(newer.collateralJson())
})

test('who has given up gets nothing', async () => {
  await using setting = await createSetting()
  await setting.put(tdx.collateralJson())
  expect((await refusal(setting.source.find(quoteOf(tdx), AbortSignal.abort()))).code).toBe('COLLATERAL_CANCELLED')
  await setting.source[Symbol.asyncDispose]()
})

describe('refused', () => {
  test('a file that is not there, or is a directory', async () => {
    await using setting = await createSetting()
    for (const path of [setting.file, setting.directory.path]) {
      expect((await refusal(readCollateralBundle(path))).code).toBe('COLLATERAL_BUNDLE_UNREADABLE')
    }
    expect((await refusal(setting.source.find(quoteOf(tdx), never))).code).toBe('COLLATERAL_BUNDLE_UNREADABLE')
  })

  const document: unknown = JSON.parse(tdx.collateralJson())
  const bundle = (entries: unknown, more: object = {}) =>
    JSON.stringify({ format: 'coffer-collateral-bundle-v1', entries, ...more })
  test.each([
    ['text that is not JSON', 'collateral'],
    ['null', 'null'],
    ['a list', JSON.stringify([document])],
    ['another format', JSON.stringify({ format: 'coffer-collateral-bundle-v2', entries: [document] })],
    ['an unknown member', bundle([document], { more: 1 })],
    ['no entries', bundle([])],
    ['entries that are no list', bundle({ 0: document })],
    ['too many entries', bundle(new Array(513).fill(0))],
    ['millions of objects', `[${'{},'.repeat(2_000_000)}{}]`],
    ['nesting without end', '['.repeat(4_000_000)],
    ['an entry that is no object', bundle([7])],
    ['an entry that is no collateral', bundle([{ ...Object(document), tcb_info: '{}' }])],
    ['a platform twice', bundle([document, document])],
  ])('%s', async (_what, text) => {
    await using setting = await createSetting()
    await setting.put(text)
    const error = await refusal(readCollateralBundle(setting.file))
    expect(error.code).toBe('COLLATERAL_BUNDLE_INVALID')
    expect(error.message).toContain(setting.file)
  })
})

test('of two for the same platform the newer is merged, whatever the order', async () => {
  await using setting = await createSetting()
  const newer = platformAt('tdx-v4', START + DAY)
  const read = async (platform: typeof tdx) => {
    await setting.put(platform.collateralJson())
    return readCollateralBundle(setting.file)
  }
  const [one, two, other] = [await read(tdx), await read(newer), await read(sgx)]
  for (const order of [
    [one, two, other],
    [other, two, one],
  ]) {
    const { entries, older } = mergeCollateralBundles(order)
    expect(entries.map(({ json }) => json)).toEqual([sgx.collateralJson(), newer.collateralJson()])
    expect(older).toEqual(one)
  }
  expect(mergeCollateralBundles([one, one]).entries).toHaveLength(1)
})

test.skipIf(!present).each(['sgx-v3', 'tdx-v4'])('real collateral %s is that of its quote', async (name) => {
  await using setting = await createSetting()
  await setting.put(readText(`${name}/collateral.json`))
  const [found] = await readCollateralBundle(setting.file)
  expect(found?.platform).toEqual(platformOf(parseQuote(readVector(`${name}/quote.bin`))))
  expect(found?.json).toBe(`${readText(`${name}/collateral.json`).trimEnd()}\n`)
  expect(new Date(found?.validUntil ?? 0).toISOString()).toMatch(/^2025-07-/)
})
