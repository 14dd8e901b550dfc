/** SHA-256 of a whole update takes 150 ms for 256 MB: it is done in slices, so that the agent's streams go on meanwhile. */
import { createHash } from 'node:crypto'
import { setImmediate as pause } from 'node:timers/promises'

/** About 3 ms. */
const SLICE_BYTES = 4 * 1024 * 1024

export async function sha256InSlices(bytes: Uint8Array): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await pause()
    hash.update(bytes.subarray(at, at + SLICE_BYTES))
  }
  return new Uint8Array(hash.digest())
}
