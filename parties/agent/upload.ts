/**
 * An update's way to the aggregator: the header first; when there is room for it the bytes, from the offset that the
 * aggregator names; and again after every lost connection, until the update is in a sum. The same bytes go each time, so
 * one whose acknowledgement was lost is not counted twice.
 */
import { crc32 } from 'node:zlib'
import { toHex } from '../../src/crypto/index.ts'
import type { ClientCall, Log, RoundApi, UpdatePart } from '../../src/rpc/index.ts'
import { isTransport, persist } from './persist.ts'

/** Update bytes per message, within the 1 MiB a message may have: 256 KiB to 1 MiB cost the same per byte. */
const CHUNK_BYTES = 512 * 1024

export type UploadHeader = Extract<UpdatePart, { kind: 'header' }>

/**
 * @param header whose digest and length are those of the update
 * @returns the round in whose sum it is
 * @throws RemoteError when the aggregator will not have it; the signal's reason when it aborts
 */
export async function uploadUpdate(
  update: Uint8Array,
  header: UploadHeader,
  rounds: Pick<RoundApi<ClientCall>, 'submitUpdate'>,
  signal: AbortSignal,
  log: Log,
): Promise<{ readonly round: number }> {
  const { runId, round, digest } = header
  // One line for every update that leaves, whatever becomes of its acknowledgement.
  log.info({ run: runId, round, digest: toHex(digest), bytes: update.length }, 'sending the update')
  let counted: { readonly round: number } | undefined
  await persist(
    'the aggregator',
    log,
    signal,
    async (connected) => {
      counted = await send(update, header, rounds, signal, connected)
      return counted ? 'over' : 'again'
    },
    isTransport,
  )
  if (counted) return counted
  throw signal.reason
}

/** Waiting for room and for the sum is not limited: a newer task ends it, and a lost connection ends the call. */
async function send(
  update: Uint8Array,
  header: UploadHeader,
  rounds: Pick<RoundApi<ClientCall>, 'submitUpdate'>,
  signal: AbortSignal,
  connected: () => void,
): Promise<{ readonly round: number } | undefined> {
  let admit: (offset: number) => void = () => undefined
  const admitted = new Promise<number>((resolve) => {
    admit = resolve
  })
  const call: ClientCall = { signal, deadlineMs: 'open' }
  for await (const status of rounds.submitUpdate(parts(header, update, admitted), call)) {
    connected()
    if (status.kind === 'admitted') admit(status.offset)
    else if (status.kind === 'accepted') return { round: status.round }
  }
  return undefined
}

/** Pulled by the network, one part after the other as the aggregator takes them. */
async function* parts(header: UploadHeader, update: Uint8Array, admitted: Promise<number>): AsyncGenerator<UpdatePart> {
  yield header
  for (let offset = await admitted; offset < update.length; offset += CHUNK_BYTES) {
    const data = update.subarray(offset, offset + CHUNK_BYTES)
    yield { kind: 'chunk', offset, data, crc32: crc32(data) }
  }
}
