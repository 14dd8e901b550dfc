/** RTMR3: extended once, found again after a restart of the program, and never on top of anything else. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDevices, extendRtmr3 } from '../../src/tee/index.ts'
import { createFakeDevices, type FakeDevices, systemError } from '../support/fake-devices.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const path = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'
const digest = Uint8Array.from({ length: 48 }, (_, at) => at)
const sha384 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash('sha384').update(Buffer.concat(parts)).digest())
const zero = new Uint8Array(48)
const expected = sha384(zero, digest)

/** The register as the kernel has it: a write of exactly 48 bytes extends, anything else is EINVAL. */
function register(value: Uint8Array = zero): {
  devices: FakeDevices
  value: () => Uint8Array
  extend: (by: Uint8Array) => void
} {
  let now = value
  const extend = (by: Uint8Array): void => {
    if (by.length !== 48) throw systemError('EINVAL')
    now = sha384(now, by)
  }
  const devices = createFakeDevices({ [path]: { read: () => now, write: extend } })
  return { devices, value: () => now, extend }
}

describe('extending', () => {
  test('from zero', async () => {
    const { devices, value } = register()
    expect(await extendRtmr3(devices, digest, never)).toEqual({ done: 'extended', value: expected })
    expect(value()).toEqual(expected)
  })

  test('is done once, however often the program starts in this VM, and at once', async () => {
    const { devices, value } = register()
    const both = await Promise.all([extendRtmr3(devices, digest, never), extendRtmr3(devices, digest, never)])
    expect(both.map(({ done }) => done)).toEqual(['extended', 'already'])
    expect(value()).toEqual(expected)
  })

  test('is not done on top of something else', async () => {
    const { devices, value } = register(sha384(zero, new Uint8Array(48).fill(1)))
    const before = value()
    expect(await codeOf(extendRtmr3(devices, digest, never))).toBe('TEE_RTMR_FOREIGN')
    expect(value()).toBe(before)
  })

  test('is seen when somebody else extends meanwhile', async () => {
    const { devices, extend } = register()
    const file = devices.nodes.get(path)
    devices.write = async (_path, bytes) => {
      extend(new Uint8Array(48).fill(9))
      if (file !== 'directory') await file?.write?.(bytes)
    }
    expect(await codeOf(extendRtmr3(devices, digest, never))).toBe('TEE_RTMR_FOREIGN')
  })

  test('is seen when nothing was extended', async () => {
    const { devices } = register()
    devices.write = async () => undefined
    expect(await codeOf(extendRtmr3(devices, digest, never))).toBe('TEE_RTMR_FOREIGN')
  })

  test('that was interrupted after it was done is not done twice', async () => {
    const { devices, extend, value } = register()
    devices.write = async (_path, bytes) => {
      extend(bytes)
      throw systemError('EINTR')
    }
    const outcome = await extendRtmr3(devices, digest, never, { pause: async () => undefined })
    expect(outcome.done).toBe('already')
    expect(value()).toEqual(expected)
  })
})

describe('refused', () => {
  test('a kernel without the file', async () => {
    expect(await codeOf(extendRtmr3(createFakeDevices(), digest, never))).toBe('TEE_RTMR_ABSENT')
  })

  test.each([47, 49, 32, 0])('a digest of %d bytes', async (length) => {
    expect(await codeOf(extendRtmr3(register().devices, new Uint8Array(length), never))).toBe('TEE_RTMR_DIGEST')
  })

  test.each([0, 47, 49])('a register of %d bytes', async (length) => {
    const devices = createFakeDevices({ [path]: { read: () => new Uint8Array(length) } })
    expect(await codeOf(extendRtmr3(devices, digest, never))).toBe('TEE_DEVICE_FAILED')
  })

  test.each([
    ['EACCES', 'TEE_PERMISSION'],
    ['EIO', 'TEE_DEVICE_FAILED'],
  ])('%s', async (error, code) => {
    const { devices } = register()
    devices.write = async () => {
      throw systemError(error)
    }
    expect(await codeOf(extendRtmr3(devices, digest, never))).toBe(code)
  })
})

describe('with real files', () => {
  const at = (content: Uint8Array | undefined): string => {
    const root = mkdtempSync(join(tmpdir(), 'coffer-rtmr-'))
    onTestFinished(() => rmSync(root, { recursive: true }))
    mkdirSync(join(root, path, '..'), { recursive: true })
    if (content !== undefined) writeFileSync(join(root, path), content)
    return root
  }

  test('a register that holds the program already', async () => {
    const devices = createDevices({ root: at(expected) })
    expect(await extendRtmr3(devices, digest, never)).toEqual({ done: 'already', value: expected })
  })

  test('a plain file where the register should be is not taken for one', async () => {
    expect(await codeOf(extendRtmr3(createDevices({ root: at(zero) }), digest, never))).toBe('TEE_RTMR_FOREIGN')
  })

  test('no file', async () => {
    const root = at(undefined)
    expect(await codeOf(extendRtmr3(createDevices({ root }), digest, never))).toBe('TEE_RTMR_ABSENT')
    expect(await createDevices({ root }).look(path)).toBe('absent')
  })
})
