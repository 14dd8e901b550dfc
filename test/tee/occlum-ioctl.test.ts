/** ioctl(2) for real, on plain files: that arguments arrive, that results come back, and whose errno it is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOcclumAttester } from '../../src/tee/occlum/attester.ts'
import { createDevices } from '../../src/tee/index.ts'
import { loadIoctl } from '../../src/tee/ioctl.ts'
import { reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
/** How many bytes can be read: Linux answers it for any plain file. */
const FIONREAD = 0x541b
let root = ''

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-ioctl-'))
  mkdirSync(join(root, 'dev'))
  writeFileSync(join(root, 'dev/sgx'), 'eleven bytes'.slice(1))
})
afterAll(() => rmSync(root, { recursive: true }))

const missing = async (): Promise<never> => {
  throw Object.assign(new Error("Cannot find package 'koffi'"), { code: 'ERR_MODULE_NOT_FOUND' })
}

const installed = await loadIoctl().then(
  () => true,
  () => false,
)
const real = test.runIf(installed && process.platform === 'linux')

real('the call fills the array it is given', async () => {
  const field = Buffer.alloc(4)
  await createDevices({ root }).ioctl('/dev/sgx', (device) => device.call(FIONREAD, field))
  expect(field.readUInt32LE()).toBe(11)
})

real('a request above 2^31 arrives unchanged, and errno is that of the call', async () => {
  const call = createDevices({ root }).ioctl('/dev/sgx', (device) => device.call(0xc0187308, Buffer.alloc(24)))
  await expect(call).rejects.toMatchObject({ code: 'ENOTTY', message: 'ENOTTY: ioctl 0xc0187308' })
})

real('errno belongs to its call, whatever runs beside it', async () => {
  const closed = (await loadIoctl())(-1)
  const calls = Array.from({ length: 20 }, (_, at) =>
    at % 2 === 0
      ? closed.call(FIONREAD, Buffer.alloc(4))
      : createDevices({ root }).ioctl('/dev/sgx', (device) => device.call(0x80047307, Buffer.alloc(4))),
  )
  const outcomes = await Promise.allSettled(calls)
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done'))
  expect(codes).toEqual(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'EBADF' : 'ENOTTY')))
})

real('an address is where the bytes are, also inside of a larger array', async () => {
  const { address } = (await loadIoctl())(0)
  const whole = new Uint8Array(64)
  expect(address(whole.subarray(24)) - address(whole)).toBe(24n)
})

real('a plain file at /dev/sgx is not Occlum', async () => {
  expect(await codeOf(createOcclumAttester(createDevices({ root })).quote(reportData, never))).toBe('TEE_OCCLUM_FAILED')
})

test('without koffi the refusal says what to install', async () => {
  const attester = createOcclumAttester(createDevices({ root, loadKoffi: missing }))
  const error = await attester.quote(reportData, never).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'TEE_KOFFI_MISSING', row: { next: expect.stringContaining('npm ci') } })
})
