/**
 * ioctl(2), which Node does not have, through koffi: an optional package that calls C functions. It is loaded when the
 * first device needs it and runs the call in the thread pool; errno of that thread comes back with the result.
 */
import { getSystemErrorName } from 'node:util'
import { TeeError } from './errors.ts'

/** What is used of the package. */
export type Koffi = Pick<typeof import('koffi'), 'address' | 'errno' | 'load'>

export interface IoctlDevice {
  /** Where the bytes lie. They must be referenced by the caller until the call that is told so has ended. */
  address(bytes: Uint8Array): bigint
  /** Throws an error whose `code` is the name of errno. */
  call(request: number, argument: Uint8Array): Promise<void>
}

/** Throws TeeError TEE_KOFFI_MISSING. */
export async function loadIoctl(load: () => Promise<Koffi> = loadKoffi): Promise<(fd: number) => IoctlDevice> {
  let koffi: Koffi
  try {
    koffi = await load()
  } catch (cause) {
    throw new TeeError('TEE_KOFFI_MISSING', `koffi could not be loaded: ${text(cause)}`, { cause })
  }
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)')
  const call = (fd: number, request: number, argument: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      ioctl.async(fd, request, argument, (error: unknown, result: unknown) => {
        if (typeof result === 'number' && result >= 0) resolve()
        else reject(error ?? failure(request, koffi.errno()))
      })
    })
  return (fd) => ({
    address: (bytes) => koffi.address(bytes),
    call: (request, argument) => call(fd, request, argument),
  })
}

async function loadKoffi(): Promise<Koffi> {
  return (await import('koffi')).default
}

function failure(request: number, errno: number): Error {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${code}: ioctl 0x${request.toString(16)}`), { code })
}

const text = (cause: unknown): string => (cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause))
