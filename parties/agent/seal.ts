/**
 * From numbers to the bytes that travel. Updates of training are compressed as the job says; what compression leaves out
 * is added to the next update of this party (error feedback), and is current only when this one was counted.
 */
import type { JobSpec } from '../../src/job/index.ts'
import { summations } from '../../src/round/index.ts'
import { compressUpdate, type UpdateLayout, type UpdateValues } from '../../src/update/index.ts'
import type { Vectors } from '../state/index.ts'

export interface Sealed {
  readonly bytes: Uint8Array
  /** Training state that becomes current with this update; undefined where there is none. */
  readonly next: Vectors | undefined
}

export function sealWhole(values: UpdateValues, share: number, layout: UpdateLayout, spec: JobSpec): Sealed {
  return { bytes: summations[spec.summation].seal(values, share, layout, spec.encoding), next: undefined }
}

export interface SealOptions {
  readonly share: number
  readonly layout: UpdateLayout
  readonly spec: JobSpec
  /** What compression left out of the newest update that was counted. */
  readonly residual: Float32Array | undefined
  /** SCAFFOLD's control of this party after this update. */
  readonly control: Float32Array | undefined
}

/** `values.deltas` is changed in place. */
export function sealTrained(
  values: UpdateValues & { readonly deltas: Float64Array },
  { share, layout, spec, residual, control }: SealOptions,
): Sealed {
  if (spec.compression.kind === 'none') {
    return { ...sealWhole(values, share, layout, spec), next: control && { control } }
  }
  const { deltas } = values
  if (residual) for (let i = 0; i < deltas.length; i++) deltas[i] = (deltas[i] ?? 0) + (residual[i] ?? 0)
  const compressed = compressUpdate(values, share, layout, spec.encoding, spec.compression)
  return { bytes: compressed.bytes, next: { control, residual: compressed.residual } }
}
