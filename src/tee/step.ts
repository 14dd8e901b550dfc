/** One step with a device, its system errors told as the errors of this room. */
import { systemCode } from './devices.ts'
import { type TeeCode, TeeError } from './errors.ts'

/** What each system error means wherever the step does not know better; all others are TEE_DEVICE_FAILED. */
const meanings: Readonly<Record<string, TeeCode>> = {
  // ENOTTY: what kernels before 6.16 say when the provider went away after the entry was made.
  ENXIO: 'TEE_NO_PROVIDER',
  ENOTTY: 'TEE_NO_PROVIDER',
  EACCES: 'TEE_PERMISSION',
  EPERM: 'TEE_PERMISSION',
  EBUSY: 'TEE_BUSY',
  EAGAIN: 'TEE_BUSY',
  EINTR: 'TEE_INTERRUPTED',
  ETIMEDOUT: 'TEE_QUOTE_TIMEOUT',
}

/** Throws TeeError for a system error, with its name in the message; anything else as it is. */
export async function step<T>(
  what: string,
  run: () => Promise<T>,
  special: Readonly<Record<string, TeeCode>> = {},
): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    const code = systemCode(cause)
    if (code === undefined) throw cause
    throw new TeeError(special[code] ?? meanings[code] ?? 'TEE_DEVICE_FAILED', `${what}: ${code}`, { cause })
  }
}
