/**
 * The device /dev/sgx of Occlum's LibOS as far as DCAP goes: it reads the structure of the call by its pointers, as the
 * LibOS does, writes the quote where they lead, and says EINVAL to everything it does not like. A first initialisation
 * that fails stays failed.
 */
import { createFakeDevices, type FakeDevices, systemError } from './fake-devices.ts'

export interface FakeOcclumOptions {
  readonly quote: (reportData: Uint8Array) => Uint8Array
  /** Whether the quoting enclave answers when DCAP is first used. */
  readonly initialises?: () => boolean
  /** Called between the two calls, for whatever else happens on the platform then. */
  readonly beforeGenerate?: () => void
  /** What the device says of the size, in place of the truth. */
  readonly announced?: (size: number) => number
  readonly written?: (size: number) => number
}

export function createFakeOcclum(options: FakeOcclumOptions): FakeDevices & { readonly requests: number[] } {
  const devices = createFakeDevices({ '/dev/sgx': {} })
  const memory = new Map<bigint, Uint8Array>()
  const requests: number[] = []
  let state: 'fresh' | 'ready' | 'dead' = 'fresh'
  let nextAddress = 0x7f00_0000_1000n

  const at = (argument: Uint8Array, offset: number): Uint8Array => {
    const pointer = Buffer.from(argument).readBigUInt64LE(offset)
    const bytes = memory.get(pointer)
    if (bytes === undefined) throw systemError('EFAULT')
    return bytes
  }
  const sizeNow = (): number => options.quote(new Uint8Array(64)).length
  const u32 = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, 4)
  const initialise = (): void => {
    if (state === 'fresh') state = (options.initialises?.() ?? true) ? 'ready' : 'dead'
    if (state === 'dead') throw systemError('EINVAL')
  }

  devices.ioctls.set('/dev/sgx', {
    address(bytes) {
      nextAddress += 0x1000n
      memory.set(nextAddress, bytes)
      return nextAddress
    },
    async call(request, argument) {
      requests.push(request)
      initialise()
      if (request === 0x80047307) {
        if (argument.length !== 4) throw systemError('EINVAL')
        const size = sizeNow()
        u32(argument).setUint32(0, options.announced?.(size) ?? size, true)
        return
      }
      if (request !== 0xc0187308 || argument.length !== 24) throw systemError('EINVAL')
      options.beforeGenerate?.()
      const [reportData, sizeField, target] = [at(argument, 0), at(argument, 8), at(argument, 16)]
      if (reportData.length !== 64) throw systemError('EINVAL')
      const quote = options.quote(reportData)
      if (u32(sizeField).getUint32(0, true) < quote.length) throw systemError('EINVAL')
      target.set(quote.subarray(0, target.length))
      u32(sizeField).setUint32(0, options.written?.(quote.length) ?? quote.length, true)
    },
  })
  return Object.assign(devices, { requests })
}
