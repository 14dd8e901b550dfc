/** Where a party gets collateral from: a service with a cache before it, or an offline bundle. */
import type { Collateral, Quote } from '../../src/attestation/index.ts'
import type { Log } from '../../src/rpc/index.ts'
import { createOfflineSource } from './offline.ts'
import { createOnlineSource } from './online.ts'

export interface FoundCollateral {
  readonly collateral: Collateral
  /** The file form, as `attest verify --collateral` reads it. */
  readonly json: string
}

export interface CollateralSource extends AsyncDisposable {
  /**
   * Collateral for the platform of a quote, not past its next update. The same object as long as it is the same
   * collateral, so that what the verifier learned of it is kept. Form is checked, signatures are not: the verifier does.
   * Throws CollateralError, and EvidenceError for a quote that names no platform.
   */
  find(quote: Quote, signal: AbortSignal): Promise<FoundCollateral>
  /**
   * Drops what is held for the platform of a quote, in memory and on disk, so that the next `find` fetches: for whoever
   * found that the collateral itself is bad (a signature, a chain).
   */
  forget(quote: Quote): Promise<void>
}

export interface CollateralSourceOptions {
  /** Made when something is written; may be shared by processes. */
  readonly cacheDirectory: string
  /** Base URL of a PCS or PCCS; Intel's unless told. */
  readonly service?: string
  /** URL of the root's revocation list; what goes with the service unless told. */
  readonly rootCrl?: string
  /** PEM of the authorities that may certify the service's TLS key, instead of the usual ones. */
  readonly authorities?: string
  /** Path of an offline bundle, or of one collateral file: then nothing else is read and nothing is fetched. */
  readonly bundle?: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
  /** For all requests of one fetch together. */
  readonly fetchTimeoutMs?: number
}

/** Throws CollateralError COLLATERAL_SERVICE_URL. Files and network are touched by `find` only. */
export function createCollateralSource(options: CollateralSourceOptions): CollateralSource {
  const { bundle, now, log } = options
  return bundle === undefined ? createOnlineSource(options) : createOfflineSource({ bundle, now, log })
}
