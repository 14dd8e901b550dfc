/**
 * Parameters from the aggregator: a model, or what has the form of one. After a lost connection the download goes on where
 * it broke; the digest is over the whole.
 */
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '../../src/crypto/index.ts'
import type { ClientCall, Log, RoundApi } from '../../src/rpc/index.ts'
import { AgentError } from './errors.ts'
import { isTransport, persist } from './persist.ts'

export interface Wanted {
  readonly runId: string
  /** SHA-256 of the parameters' bytes, as the task names it. */
  readonly digest: Uint8Array
  /** How many parameters. */
  readonly size: number
}

/**
 * @returns the parameters, checked
 * @throws RemoteError when the aggregator does not have them any more; the signal's reason when it aborts
 */
export async function fetchParameters(
  { runId, digest, size }: Wanted,
  rounds: Pick<RoundApi<ClientCall>, 'fetchParameters'>,
  signal: AbortSignal,
  log: Log,
): Promise<Float32Array<ArrayBuffer>> {
  const parameters = new Float32Array(size)
  const bytes = new Uint8Array(parameters.buffer)
  let filled = 0
  let hash = createHash('sha256')
  /** What has come is not what the task names: nothing of it is of use. */
  const restart = (text: string): AgentError => {
    filled = 0
    hash = createHash('sha256')
    return new AgentError('AGENT_MODEL_DIGEST', `the model that came ${text}`)
  }
  const fetch = async (connected: () => void) => {
    const request = { runId, modelDigest: digest, offset: filled }
    for await (const data of rounds.fetchParameters(request, { signal, deadlineMs: 'open' })) {
      connected()
      if (data.length > bytes.length - filled) throw restart(`has more than ${bytes.length} bytes`)
      bytes.set(data, filled)
      hash.update(data)
      filled += data.length
    }
    const found = new Uint8Array(hash.digest())
    if (filled === bytes.length && equalBytes(found, digest)) return 'over' as const
    throw restart(`has ${filled} bytes and digest ${toHex(found)}, the task names ${toHex(digest)}`)
  }
  await persist('the aggregator', log, signal, fetch, isTransport)
  signal.throwIfAborted()
  return parameters
}
