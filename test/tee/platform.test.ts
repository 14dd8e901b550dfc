/** What the simulator refuses to do, its attester, and that the measured program cannot contain it. */
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TeeError } from '../../src/tee/index.ts'
import { createSimulatedAttester, createSimulatedPlatform, SIMULATOR_MARK } from '../../src/tee/simulator/index.ts'
import { scanImports } from '../architecture/scan.ts'
import { readTree, type Tree } from '../architecture/tree.ts'
import { now, platformOf, reportData } from './evidence.ts'

function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof TeeError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

describe('options', () => {
  const options = { seed: 'test', now, tee: 'tdx-v5' } as const
  const given: unknown = 'sev-snp'
  test.each([
    ['no seed', { ...options, seed: '' }],
    ['a time before the certificates', { ...options, now: new Date('2019-01-01T00:00:00Z') }],
    ['a time after the certificates', { ...options, now: new Date('2049-06-01T00:00:00Z') }],
    ['no time', { ...options, now: new Date(Number.NaN) }],
    ['an unknown TEE', { ...options, tee: given as 'tdx-v5' }],
    ['a TD in an enclave', { ...options, tee: 'sgx-v3', tdBody: 'td-1.0' }],
    ['TD 1.5 in version 4', { ...options, tee: 'tdx-v4', tdBody: 'td-1.5' }],
  ] as const)('%s', (_name, wrong) => {
    expect(refusal(() => createSimulatedPlatform(wrong))).toBe('TEE_SIMULATOR_OPTION')
  })

  test.each([
    ['an unknown field', { mrTdd: new Uint8Array(48) }],
    ['a field of another TEE', { mrEnclave: new Uint8Array(32) }],
    ['a field of another length', { mrTd: new Uint8Array(32) }],
  ])('%s', (_name, body) => {
    expect(refusal(() => platformOf('tdx-v4').quote({ reportData, body }))).toBe('TEE_SIMULATOR_OPTION')
  })

  test.each([-1, 0.5, 8193, Number.NaN])('padding of %d bytes', (padding) => {
    expect(refusal(() => platformOf('tdx-v4').quote({ reportData, padding }))).toBe('TEE_SIMULATOR_OPTION')
  })

  test.each([0, 63, 65])('report data of %d bytes', (bytes) => {
    const short = { reportData: new Uint8Array(bytes) }
    expect(refusal(() => platformOf('tdx-v4').quote(short))).toBe('TEE_REPORT_DATA_LENGTH')
  })

  test('a v5 quote carries the smaller body when asked to', () => {
    const quote = createSimulatedPlatform({ ...options, tdBody: 'td-1.0' }).quote({ reportData })
    expect([...quote.subarray(48, 54)]).toEqual([2, 0, 584 & 0xff, 584 >> 8, 0, 0])
  })
})

describe('attester', () => {
  test('quotes what the platform quotes, with the measurements it was given', async () => {
    const platform = platformOf('tdx-v4')
    const mrTd = new Uint8Array(48).fill(3)
    const attester = createSimulatedAttester(platform, { mrTd })
    expect(attester.name).toBe('simulated tdx-v4')
    const quote = await attester.quote(reportData, new AbortController().signal)
    expect(Buffer.compare(quote, platform.quote({ reportData, body: { mrTd } }))).toBe(0)
    const plain = await createSimulatedAttester(platform).quote(reportData, new AbortController().signal)
    expect(Buffer.compare(plain, platform.quote({ reportData }))).toBe(0)
  })

  test('obeys its signal, and refuses short report data', async () => {
    const attester = createSimulatedAttester(platformOf('sgx-v3'))
    const reason = new Error('enough')
    await expect(attester.quote(reportData, AbortSignal.abort(reason))).rejects.toBe(reason)
    const signal = new AbortController().signal
    await expect(attester.quote(new Uint8Array(32), signal)).rejects.toMatchObject({ code: 'TEE_REPORT_DATA_LENGTH' })
  })
})

/** Files of the simulator that can be reached at run time from `entry`, with the way there. */
function reached(tree: Tree, entry: string): string[] {
  const seen = new Map([[entry, entry]])
  const queue = [entry]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const { specifier, how } of scanImports(tree.get(path) ?? '')) {
      if (how === 'type' || !specifier.startsWith('.')) continue
      const target = posix.join(posix.dirname(path), specifier)
      if (seen.has(target)) continue
      seen.set(target, `${seen.get(path)} -> ${target}`)
      queue.push(target)
    }
  }
  return [...seen].filter(([path]) => path.startsWith('src/tee/simulator/')).map(([, way]) => way)
}

describe('the measured program', () => {
  const tree = readTree(['src', 'parties'])

  test('reaches the tee room without the simulator', () => {
    expect(reached(tree, 'src/tee/index.ts')).toEqual([])
    for (const path of tree.keys()) if (path.startsWith('src/aggregator/')) expect(reached(tree, path)).toEqual([])
  })

  test('a trespass would be seen', () => {
    const planted = new Map([...tree, ['src/tee/index.ts', "export { faults } from './simulator/index.ts'"]])
    expect(reached(planted, 'src/tee/index.ts')).toContain('src/tee/index.ts -> src/tee/simulator/index.ts')
  })

  test('the mark of the simulator stands in one file, so that a bundle without it has no simulator', () => {
    const marked = [...tree].filter(([, source]) => source.includes(SIMULATOR_MARK)).map(([path]) => path)
    expect(marked).toEqual(['src/tee/simulator/signing-key.ts'])
  })
})
