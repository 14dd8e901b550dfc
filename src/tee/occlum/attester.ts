/**
 * Quotes of an SGX enclave under Occlum, by two ioctls on the device that its LibOS shows as /dev/sgx (Occlum 0.31,
 * src/libos/src/fs/dev_fs/dev_sgx). Every failure is EINVAL there, and once the first initialisation of DCAP has failed,
 * so does everything after it until the enclave is restarted.
 */
import { MAXIMUM_QUOTE_BYTES } from '../../attestation/index.ts'
import { type Attester, requireReportData } from '../attester.ts'
import type { Devices } from '../devices.ts'
import { TeeError } from '../errors.ts'
import type { IoctlDevice } from '../ioctl.ts'
import { readOwnQuote, requireWhole } from '../own-quote.ts'
import { step } from '../step.ts'
import { inTurn, type QuoteTimes } from '../turns.ts'

export const OCCLUM_DEVICE = '/dev/sgx'
const name = 'SGX by Occlum'
/** _IOR('s', 7, u32): the size of the next quote. */
const GET_DCAP_QUOTE_SIZE = 0x80047307
/** _IOWR('s', 8, 24 bytes): const u8 (*report_data)[64]; u32 *quote_size, in and out; u8 *quote. */
const GEN_DCAP_QUOTE = 0xc0187308

export function createOcclumAttester(devices: Devices, times: QuoteTimes = {}): Attester {
  let measurement: string | undefined
  const once = async (asked: Uint8Array): Promise<Uint8Array> => {
    const bytes = await step(OCCLUM_DEVICE, () => devices.ioctl(OCCLUM_DEVICE, (device) => generate(device, asked)), {
      ENOENT: 'TEE_NOT_FOUND',
      ENOTDIR: 'TEE_NOT_FOUND',
      EISDIR: 'TEE_NOT_FOUND',
    })
    const { body } = readOwnQuote(name, bytes, 'sgx', asked)
    const found = body.kind === 'sgx' ? body.mrEnclave : ''
    measurement ??= found
    if (found === measurement) return bytes
    throw new TeeError('TEE_MEASUREMENT_CHANGED', `${name}: MRENCLAVE was ${measurement}, and is now ${found}`)
  }
  return {
    name,
    async quote(reportData, signal) {
      requireReportData(reportData)
      const asked = Uint8Array.from(reportData)
      return inTurn(name, () => once(asked), signal, times)
    },
  }
}

/** The arrays behind the pointers must outlive the call: each of them is read after it, `reportData` by the caller. */
async function generate(device: IoctlDevice, reportData: Uint8Array): Promise<Uint8Array> {
  const size = await quoteSize(device)
  const quote = new Uint8Array(size)
  const sizeField = Buffer.alloc(4)
  sizeField.writeUInt32LE(size)
  const argument = Buffer.alloc(24)
  argument.writeBigUInt64LE(device.address(reportData), 0)
  argument.writeBigUInt64LE(device.address(sizeField), 8)
  argument.writeBigUInt64LE(device.address(quote), 16)
  try {
    await occlum('GEN_DCAP_QUOTE', () => device.call(GEN_DCAP_QUOTE, argument))
  } catch (error) {
    await requireSameSize(device, size, error)
    throw error
  }
  const written = sizeField.readUInt32LE()
  if (written <= quote.length) return quote.subarray(0, written)
  throw new TeeError('TEE_DEVICE_FAILED', `${name}: ${written} bytes written to an array of ${quote.length}`)
}

async function quoteSize(device: IoctlDevice): Promise<number> {
  const field = Buffer.alloc(4)
  await occlum('GET_DCAP_QUOTE_SIZE', () => device.call(GET_DCAP_QUOTE_SIZE, field))
  const size = field.readUInt32LE()
  requireWhole(name, size)
  if (size <= MAXIMUM_QUOTE_BYTES) return size
  throw new TeeError('TEE_DEVICE_FAILED', `${name}: a quote of ${size} bytes announced, at most ${MAXIMUM_QUOTE_BYTES}`)
}

/** A quote that grew between the two calls (new certificates on the platform) is refused with EINVAL like all else. */
async function requireSameSize(device: IoctlDevice, before: number, cause: unknown): Promise<void> {
  const size = await quoteSize(device)
  if (size === before) return
  throw new TeeError('TEE_QUOTE_RACE', `${name}: the size changed from ${before} to ${size} bytes`, { cause })
}

/** Not only EINVAL: nothing that this device says tells more. */
function occlum<T>(what: string, run: () => Promise<T>): Promise<T> {
  const failed = 'TEE_OCCLUM_FAILED'
  const special = { EINVAL: failed, ENOTTY: failed, EPERM: failed, EACCES: failed, ENXIO: failed, EIO: failed } as const
  return step(`${name}, ${what} on ${OCCLUM_DEVICE}`, run, special)
}
