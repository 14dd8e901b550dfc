/** What an honest enclave or TD of the simulator reports about itself, and its quoting enclave about itself. */
import { createHash } from 'node:crypto'
import { join, littleEndian } from './bytes.ts'
import { honestComponents, honestQeIdentity, honestTeeTcbSvn } from './collateral-documents.ts'
import { honestEvents, registersAfter } from './event-log.ts'
import type { TdBody } from './quote.ts'
import { isTdx, type TeeKind } from './tee-kind.ts'

/** A measurement that means nothing but its name: the first bytes of a SHA-512. */
export function namedMeasurement(name: string, bytes: number): Uint8Array {
  return new Uint8Array(createHash('sha512').update(`simulated ${name}`).digest().subarray(0, bytes))
}

/** XFRM and XFAM of the servers in the clouds, AVX-512 and AMX included. */
const features = 0x602e7

export function honestBody(tee: TeeKind, tdBody: TdBody): Record<string, Uint8Array> {
  if (!isTdx(tee)) return honestEnclave()
  const td = honestTd()
  return tdBody === 'td-1.0' ? td : { ...td, teeTcbSvn2: Uint8Array.from(honestTeeTcbSvn) }
}

function honestEnclave(): Record<string, Uint8Array> {
  return {
    cpuSvn: Uint8Array.from(honestComponents),
    // INIT and MODE64: no debug, no provisioning key, no launch key.
    attributes: join(littleEndian(0x05, 8), littleEndian(0xe7, 8)),
    mrEnclave: namedMeasurement('enclave', 32),
    mrSigner: namedMeasurement('enclave signer', 32),
    isvProdId: littleEndian(7, 2),
    isvSvn: littleEndian(3, 2),
  }
}

function honestTd(): Record<string, Uint8Array> {
  return {
    teeTcbSvn: Uint8Array.from(honestTeeTcbSvn),
    mrSeam: namedMeasurement('TDX module', 48),
    // SEPT_VE_DISABLE, bit 28, and nothing else.
    tdAttributes: littleEndian(2 ** 28, 8),
    xfam: littleEndian(features, 8),
    mrTd: namedMeasurement('TD', 48),
    ...registersAfter(honestEvents()),
  }
}

/** Agrees with the QE identity of the same kind of TEE. */
export function honestQeReport(tee: TeeKind): Record<string, Uint8Array> {
  const identity = honestQeIdentity(tee, new Date(0), new Date(0))
  return {
    cpuSvn: Uint8Array.from(honestComponents),
    // INIT, MODE64 and PROVISION_KEY, which quoting enclaves have.
    attributes: join(littleEndian(0x15, 8), littleEndian(0xe7, 8)),
    mrEnclave: namedMeasurement('quoting enclave', 32),
    mrSigner: new Uint8Array(Buffer.from(identity.mrsigner, 'hex')),
    isvProdId: littleEndian(identity.isvprodid, 2),
    isvSvn: littleEndian(8, 2),
  }
}
