/** The DCAP calls of Occlum against a fake that follows the pointers of the call. */
import { describe, expect, test } from 'vitest'
import { parseQuote } from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { createOcclumAttester } from '../../src/tee/occlum/attester.ts'
import { createFakeDevices, type Ioctl, systemError } from '../support/fake-devices.ts'
import { createFakeOcclum } from '../support/fake-occlum.ts'
import { platformOf, reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const other = new Uint8Array(64).fill(0xee)
const noPause = { pause: async () => undefined }
const quoteOver = (data: Uint8Array, padding = 0): Uint8Array =>
  platformOf('sgx-v3').quote({ reportData: data, padding })

describe('a quote', () => {
  test('is over all 64 bytes that were asked for, by the two calls', async () => {
    const occlum = createFakeOcclum({ quote: (data) => quoteOver(data) })
    const attester = createOcclumAttester(occlum)
    expect(attester.name).toBe('SGX by Occlum')
    expect(await attester.quote(reportData, never)).toEqual(new Uint8Array(quoteOver(reportData)))
    expect(occlum.requests).toEqual([0x80047307, 0xc0187308])
  })

  test('that is smaller than announced is cut to what was written', async () => {
    const attester = createOcclumAttester(createFakeOcclum({ quote: quoteOver, announced: (size) => size + 500 }))
    expect(await attester.quote(reportData, never)).toHaveLength(quoteOver(reportData).length)
  })

  test('that grew between the two calls is asked for again', async () => {
    let padding = 0
    const occlum = createFakeOcclum({
      quote: (data) => quoteOver(data, padding),
      beforeGenerate() {
        padding = 100
      },
    })
    const quote = await createOcclumAttester(occlum, noPause).quote(reportData, never)
    expect(quote).toHaveLength(quoteOver(reportData).length + 100)
    expect(occlum.requests).toHaveLength(5)
  })

  test('of two at once is over the right data each', async () => {
    const attester = createOcclumAttester(createFakeOcclum({ quote: quoteOver }))
    const quotes = await Promise.all([attester.quote(reportData, never), attester.quote(other, never)])
    expect(quotes.map((quote) => parseQuote(quote).body.reportData)).toEqual([toHex(reportData), toHex(other)])
  })

  test('needs 64 bytes', async () => {
    const attester = createOcclumAttester(createFakeOcclum({ quote: quoteOver }))
    expect(await codeOf(attester.quote(new Uint8Array(0), never))).toBe('TEE_REPORT_DATA_LENGTH')
  })
})

describe('refused', () => {
  test('a first initialisation that fails, and everything after it', async () => {
    let answers = false
    const attester = createOcclumAttester(createFakeOcclum({ quote: quoteOver, initialises: () => answers }), noPause)
    const error = await attester.quote(reportData, never).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'TEE_OCCLUM_FAILED', message: expect.stringContaining('EINVAL') })
    expect(error).toMatchObject({ row: { cause: expect.stringContaining('never recovers') } })
    answers = true
    expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_OCCLUM_FAILED')
  })

  test('a quote that keeps growing', async () => {
    let padding = 0
    const occlum = createFakeOcclum({
      quote: (data) => quoteOver(data, padding),
      beforeGenerate() {
        padding += 10
      },
    })
    expect(await codeOf(createOcclumAttester(occlum, noPause).quote(reportData, never))).toBe('TEE_QUOTE_RACE')
  })

  test.each([
    ['no size', 0, 'TEE_QUOTE_SHORT'],
    ['a size of no quote', 1019, 'TEE_QUOTE_SHORT'],
    ['a size that would take the memory', 0xffff_ffff, 'TEE_DEVICE_FAILED'],
  ])('%s', async (_name, size, code) => {
    const occlum = createFakeOcclum({ quote: quoteOver, announced: () => size })
    expect(await codeOf(createOcclumAttester(occlum, noPause).quote(reportData, never))).toBe(code)
    expect(occlum.requests).toEqual([0x80047307])
  })

  test.each([
    ['nothing written', () => 0, 'TEE_QUOTE_SHORT'],
    ['half a quote written', () => 3000, 'TEE_QUOTE_UNUSABLE'],
    ['more written than there is room', (size: number) => size + 1, 'TEE_DEVICE_FAILED'],
  ] as const)('%s', async (_name, written, code) => {
    const occlum = createFakeOcclum({ quote: quoteOver, written })
    expect(await codeOf(createOcclumAttester(occlum, noPause).quote(reportData, never))).toBe(code)
  })

  test('a quote over other data', async () => {
    const occlum = createFakeOcclum({ quote: () => quoteOver(other) })
    expect(await codeOf(createOcclumAttester(occlum, noPause).quote(reportData, never))).toBe('TEE_QUOTE_STALE')
  })

  test('a quote of a TDX VM', async () => {
    const occlum = createFakeOcclum({ quote: (data) => platformOf('tdx-v4').quote({ reportData: data }) })
    expect(await codeOf(createOcclumAttester(occlum, noPause).quote(reportData, never))).toBe('TEE_QUOTE_UNUSABLE')
  })

  test('another enclave than before', async () => {
    let mrEnclave = new Uint8Array(32).fill(1)
    const occlum = createFakeOcclum({
      quote: (data) => platformOf('sgx-v3').quote({ reportData: data, body: { mrEnclave } }),
    })
    const attester = createOcclumAttester(occlum, noPause)
    await attester.quote(reportData, never)
    await attester.quote(other, never)
    mrEnclave = new Uint8Array(32).fill(2)
    expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_MEASUREMENT_CHANGED')
  })

  test('no device, and one that is not of Occlum', async () => {
    expect(await codeOf(createOcclumAttester(createFakeDevices()).quote(reportData, never))).toBe('TEE_NOT_FOUND')
    const directory = createFakeDevices({ '/dev/sgx': 'directory' })
    expect(await codeOf(createOcclumAttester(directory).quote(reportData, never))).toBe('TEE_NOT_FOUND')
    const plain = createFakeDevices({ '/dev/sgx': {} })
    const terminal: Ioctl = {
      address: () => 0n,
      async call() {
        throw systemError('ENOTTY')
      },
    }
    plain.ioctls.set('/dev/sgx', terminal)
    expect(await codeOf(createOcclumAttester(plain).quote(reportData, never))).toBe('TEE_OCCLUM_FAILED')
  })
})
