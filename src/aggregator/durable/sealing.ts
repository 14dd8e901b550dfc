/**
 * How a run's files are sealed: AES-256-GCM under keys that are derived (HKDF-SHA256, RFC 5869) from the run's key, one
 * for each file. A file's key depends on 16 random bytes that are drawn when the file is begun, its epoch, and nothing
 * of a file is ever written twice by one epoch: so no nonce, which is a counter, repeats under a key, whatever a host
 * cuts off or puts back.
 *
 * Whoever has a file cannot read or change it without a party's help. Leaving out the end of a log, or all that came
 * after some copy, shows only to the parties, which hold the receipts.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { canonicalJson, toHex } from '../../crypto/index.ts'

export const TAG_BYTES = 16

/** One file's key and what it is bound to. A counter is used once for sealing. */
export interface FileSealing {
  /** Ciphertext and tag. `last` marks the end of a file that has one (STREAM: Hoang et al., CRYPTO 2015). */
  seal(counter: number, plain: Uint8Array, last?: boolean): Uint8Array
  /** Undefined where the bytes are not what was sealed at this place. */
  open(counter: number, sealed: Uint8Array, last?: boolean): Uint8Array | undefined
}

export interface RunSealing {
  /** Shows whether a key is the run's own, and tells nothing of it. Hex. */
  readonly check: string
  log(file: string, epoch: string): FileSealing
  /** @param length of the whole state, bytes */
  state(file: string, epoch: string, round: number, length: number): FileSealing
}

/** @param runKey 32 random bytes */
export function createSealing(runId: string, runKey: Uint8Array): RunSealing {
  const root = createSecretKey(runKey)
  const derive = (...info: readonly (string | number)[]) =>
    new Uint8Array(hkdfSync('sha256', root, new Uint8Array(), canonicalJson(info), 32))
  return {
    check: toHex(derive('coffer-run-check-v1', runId)),
    log: (file, epoch) =>
      createFileSealing(
        createSecretKey(derive('coffer-run-log-v1', runId, epoch)),
        canonicalJson(['coffer-run-log-v1', runId, file]),
      ),
    state: (file, epoch, round, length) =>
      createFileSealing(
        createSecretKey(derive('coffer-run-state-v1', runId, epoch, round)),
        canonicalJson(['coffer-run-state-v1', runId, file, length]),
      ),
  }
}

function createFileSealing(key: KeyObject, context: Uint8Array): FileSealing {
  return {
    seal(counter, plain, last = false) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(counter, last), { authTagLength: TAG_BYTES })
      cipher.setAAD(context)
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(counter, sealed, last = false) {
      if (sealed.length < TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(counter, last), { authTagLength: TAG_BYTES })
      decipher.setAAD(context)
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
      try {
        decipher.final()
        return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
      } catch {
        // Node says in no other way that the tag is wrong.
        return undefined
      }
    },
  }
}

function nonceOf(counter: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(counter, 5, 6)
  nonce.writeUInt8(last ? 1 : 0, 11)
  return nonce
}
