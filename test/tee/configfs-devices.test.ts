/** The devices of this machine, as far as any Linux has them: bounds, single writes, and the system's own errors. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemCode } from '../../src/tee/devices.ts'
import { createDevices, TeeError } from '../../src/tee/index.ts'
import { codeOf } from './provoked.ts'

const devices = createDevices()

function directory(): string {
  const root = mkdtempSync(join(tmpdir(), 'coffer-devices-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  return root
}

test('a file without an end is read to the bound and no further', async () => {
  expect(await codeOf(devices.read('/dev/zero', 100_000))).toBe('TEE_DEVICE_FAILED')
  expect(await devices.read('/dev/null', 0)).toHaveLength(0)
})

test('exactly as many bytes as allowed are no reason to refuse', async () => {
  const path = join(directory(), 'blob')
  const bytes = Uint8Array.from({ length: 40_000 }, (_, at) => at % 256)
  writeFileSync(path, bytes)
  expect(await devices.read(path, 40_000)).toEqual(bytes)
  expect(await codeOf(devices.read(path, 39_999))).toBe('TEE_DEVICE_FAILED')
})

test('writing makes no file and cuts none: only what the kernel offers is written to', async () => {
  const root = directory()
  await expect(devices.write(join(root, 'absent'), Uint8Array.of(1))).rejects.toMatchObject({ code: 'ENOENT' })
  writeFileSync(join(root, 'longer'), 'abcdef')
  await devices.write(join(root, 'longer'), Buffer.from('XY'))
  expect(readFileSync(join(root, 'longer'), 'utf8')).toBe('XYcdef')
})

test('system errors keep their names', async () => {
  const root = directory()
  await expect(devices.write('/dev/full', Uint8Array.of(1))).rejects.toMatchObject({ code: 'ENOSPC' })
  await expect(devices.mkdir(join(root, 'a/b'))).rejects.toMatchObject({ code: 'ENOENT' })
  await devices.mkdir(join(root, 'a'))
  await devices.mkdir(join(root, 'a/b'))
  await expect(devices.rmdir(join(root, 'a'))).rejects.toMatchObject({ code: 'ENOTEMPTY' })
  await devices.rmdir(join(root, 'a/b'))
  await devices.rmdir(join(root, 'a'))
  expect(await devices.look(join(root, 'a'))).toBe('absent')
})

test.runIf(existsSync('/proc/self/fd'))('no file stays open, whether reading went well or not', async () => {
  const path = join(directory(), 'blob')
  writeFileSync(path, 'abc')
  const open = (): number => readdirSync('/proc/self/fd').filter((fd) => pathOf(fd) === path).length
  for (const most of [3, 2]) await Promise.allSettled(Array.from({ length: 10 }, () => devices.read(path, most)))
  await devices.write(path, Uint8Array.of(1))
  expect(open()).toBe(0)
})

/** What a descriptor leads to; one that was closed meanwhile leads nowhere. */
function pathOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

test('only what the system says is a system error', () => {
  expect(systemCode(Object.assign(new Error('x'), { code: 'EIO' }))).toBe('EIO')
  expect(systemCode(Object.assign(new Error('x'), { code: 5 }))).toBeUndefined()
  expect(systemCode(new TeeError('TEE_BUSY', 'x'))).toBeUndefined()
  expect(systemCode('EIO')).toBeUndefined()
})
