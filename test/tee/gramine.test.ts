/** Gramine's pseudo-files: a fake of their behaviour, and plain files of a directory. */
import { execFileSync } from 'node:child_process'
import { constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseQuote } from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { createGramineAttester } from '../../src/tee/gramine/attester.ts'
import { createDevices } from '../../src/tee/index.ts'
import { constant, createFakeDevices, type FakeDevices, systemError } from '../support/fake-devices.ts'
import { platformOf, reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const other = new Uint8Array(64).fill(0xee)
const quoteOver = (data: Uint8Array): Uint8Array => platformOf('sgx-v3').quote({ reportData: data })
const noPause = { pause: async () => undefined }

/** One user_report_data for the whole process: whoever reads a quote gets it over what was written last. */
function gramine(type = 'dcap'): FakeDevices {
  let written = new Uint8Array(64)
  return createFakeDevices({
    '/dev/attestation': 'directory',
    '/dev/attestation/attestation_type': constant(type),
    '/dev/attestation/user_report_data': {
      write(bytes) {
        if (bytes.length > 64) throw systemError('EINVAL')
        written = new Uint8Array(64)
        written.set(bytes)
      },
    },
    '/dev/attestation/quote': { read: () => quoteOver(written) },
  })
}

describe('a quote', () => {
  test('is over what was asked', async () => {
    const attester = createGramineAttester(gramine())
    expect(attester.name).toBe('SGX by Gramine')
    expect(await attester.quote(reportData, never)).toEqual(new Uint8Array(quoteOver(reportData)))
  })

  test('of two at once is over the right data each, although they share one file', async () => {
    const attester = createGramineAttester(gramine())
    const quotes = await Promise.all([attester.quote(reportData, never), attester.quote(other, never)])
    expect(quotes.map((quote) => parseQuote(quote).body.reportData)).toEqual([toHex(reportData), toHex(other)])
  })

  test('over what somebody else wrote in between is asked for again, then refused', async () => {
    const devices = gramine()
    const { read } = devices
    let rivals = 1
    devices.read = async (path, most) => {
      if (path.endsWith('/quote') && rivals-- > 0) await devices.write('/dev/attestation/user_report_data', other)
      return read(path, most)
    }
    const attester = createGramineAttester(devices, noPause)
    expect(parseQuote(await attester.quote(reportData, never)).body.reportData).toBe(toHex(reportData))
    rivals = 99
    expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_QUOTE_STALE')
  })

  test('needs 64 bytes: Gramine would fill up what is missing', async () => {
    expect(await codeOf(createGramineAttester(gramine()).quote(new Uint8Array(32), never))).toBe(
      'TEE_REPORT_DATA_LENGTH',
    )
  })
})

describe('refused', () => {
  test.each(['none', 'epid', '', 'DCAP'])('attestation of type "%s"', async (type) => {
    expect(await codeOf(createGramineAttester(gramine(type)).quote(reportData, never))).toBe('TEE_GRAMINE_TYPE')
  })

  test('a type that does not end', async () => {
    expect(await codeOf(createGramineAttester(gramine('d'.repeat(33))).quote(reportData, never))).toBe(
      'TEE_DEVICE_FAILED',
    )
  })

  test('no Gramine', async () => {
    expect(await codeOf(createGramineAttester(createFakeDevices()).quote(reportData, never))).toBe('TEE_NOT_FOUND')
  })

  test.each([
    ['EPERM', 'TEE_DEVICE_FAILED'],
    ['EACCES', 'TEE_DEVICE_FAILED'],
    ['EIO', 'TEE_DEVICE_FAILED'],
    ['EINVAL', 'TEE_DEVICE_FAILED'],
    ['EAGAIN', 'TEE_BUSY'],
    ['EINTR', 'TEE_INTERRUPTED'],
    ['ENOENT', 'TEE_NOT_FOUND'],
  ])('a quote that ends in %s', async (error, code) => {
    const devices = gramine()
    devices.nodes.set('/dev/attestation/quote', {
      read() {
        throw systemError(error)
      },
    })
    expect(await codeOf(createGramineAttester(devices, noPause).quote(reportData, never))).toBe(code)
  })

  test.each([
    ['nothing', new Uint8Array(0), 'TEE_QUOTE_SHORT'],
    ['too little', quoteOver(reportData).subarray(0, 1000), 'TEE_QUOTE_SHORT'],
    ['a quote cut short', quoteOver(reportData).subarray(0, 3000), 'TEE_QUOTE_UNUSABLE'],
    ['a quote of a TDX VM', platformOf('tdx-v4').quote({ reportData }), 'TEE_QUOTE_UNUSABLE'],
    ['too much', new Uint8Array(65_537), 'TEE_DEVICE_FAILED'],
  ])('%s', async (_name, bytes, code) => {
    const devices = gramine()
    devices.nodes.set('/dev/attestation/quote', constant(bytes))
    expect(await codeOf(createGramineAttester(devices, noPause).quote(reportData, never))).toBe(code)
  })
})

test('plain files do: what is written, and what is read', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-gramine-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const directory = join(root, 'dev/attestation')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'attestation_type'), 'dcap\n')
  writeFileSync(join(directory, 'user_report_data'), new Uint8Array(64))
  writeFileSync(join(directory, 'quote'), quoteOver(reportData))
  const attester = createGramineAttester(createDevices({ root }), noPause)
  expect(await attester.quote(reportData, never)).toEqual(new Uint8Array(quoteOver(reportData)))
  expect(new Uint8Array(readFileSync(join(directory, 'user_report_data')))).toEqual(reportData)
  expect(await codeOf(attester.quote(other, never))).toBe('TEE_QUOTE_STALE')
  rmSync(join(directory, 'user_report_data'))
  expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_NOT_FOUND')
})

test('a read that hangs in the kernel blocks neither the program nor the caller past its deadline', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-gramine-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const directory = join(root, 'dev/attestation')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'attestation_type'), 'dcap')
  writeFileSync(join(directory, 'user_report_data'), '')
  const pipe = join(directory, 'quote')
  execFileSync('mkfifo', [pipe])
  const attester = createGramineAttester(createDevices({ root }), { deadlineMs: 20 })
  expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_QUOTE_TIMEOUT')
  // Opening the other end, which waits for the reader, lets the kernel return; a pipe without a writer has no bytes.
  await (await open(pipe, constants.O_WRONLY)).close()
  const next = createGramineAttester(gramine())
  expect(parseQuote(await next.quote(other, never)).body.reportData).toBe(toHex(other))
})
