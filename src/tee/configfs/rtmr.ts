/**
 * RTMR3 of a TDX VM: extended by the program with its own digest at start, so that every later quote names the program
 * and not only the machine. Linux from 6.16 on shows the register as a file: 48 bytes read are its value, 48 bytes
 * written at offset 0 extend it (Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest). It cannot be taken
 * back until the VM restarts, so a value that is neither zero nor this program's own is refused.
 */
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '../../crypto/index.ts'
import type { Devices } from '../devices.ts'
import { TeeError } from '../errors.ts'
import { step } from '../step.ts'
import { inTurn, type QuoteTimes } from '../turns.ts'

export const RTMR3_PATH = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'
export const RTMR_BYTES = 48

export interface Extension {
  /** `already`: the program was started before in this VM, and nothing was done. */
  readonly done: 'extended' | 'already'
  /** RTMR3 as quotes will name it: SHA-384 of 48 zero bytes and the digest. */
  readonly value: Uint8Array
}

/**
 * `digest`: 48 bytes. Throws TeeError TEE_RTMR_DIGEST, TEE_RTMR_ABSENT, TEE_RTMR_FOREIGN, TEE_PERMISSION,
 * TEE_DEVICE_FAILED.
 */
export async function extendRtmr3(
  devices: Devices,
  digest: Uint8Array,
  signal: AbortSignal,
  times: QuoteTimes = {},
): Promise<Extension> {
  if (digest.length !== RTMR_BYTES) {
    throw new TeeError('TEE_RTMR_DIGEST', `digest for RTMR3: found ${digest.length} bytes, expected ${RTMR_BYTES}`)
  }
  return inTurn('RTMR3', () => extend(devices, Uint8Array.from(digest)), signal, times)
}

async function extend(devices: Devices, digest: Uint8Array): Promise<Extension> {
  const value = rtmr3After(digest)
  const before = await readRegister(devices)
  if (equalBytes(before, value)) return { done: 'already', value }
  if (before.some((byte) => byte !== 0)) throw foreign(before, value)
  await step(RTMR3_PATH, () => devices.write(RTMR3_PATH, digest))
  const after = await readRegister(devices)
  if (!equalBytes(after, value)) throw foreign(after, value)
  return { done: 'extended', value }
}

/** RTMR3 of a TD where nothing but `digest` (48 bytes) was extended into it, once (TDG.MR.RTMR.EXTEND). */
export function rtmr3After(digest: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha384').update(new Uint8Array(RTMR_BYTES)).update(digest).digest())
}

async function readRegister(devices: Devices): Promise<Uint8Array> {
  const value = await step(RTMR3_PATH, () => devices.read(RTMR3_PATH, RTMR_BYTES), {
    ENOENT: 'TEE_RTMR_ABSENT',
    ENOTDIR: 'TEE_RTMR_ABSENT',
  })
  if (value.length === RTMR_BYTES) return value
  throw new TeeError('TEE_DEVICE_FAILED', `${RTMR3_PATH}: found ${value.length} bytes, expected ${RTMR_BYTES}`)
}

function foreign(found: Uint8Array, expected: Uint8Array): TeeError {
  return new TeeError('TEE_RTMR_FOREIGN', `RTMR3: found ${toHex(found)}, expected zeros or ${toHex(expected)}`)
}
