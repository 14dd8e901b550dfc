/**
 * What one frame of a log holds. The first frame of a log is its opening: the link to what was read before it. Every
 * other frame is a group of entries that became durable together, each
 *   u8 kind (0 record, 1 commit) | u32 length | [u32 round, of a commit] | bytes
 * with big-endian numbers.
 */
export type Entry =
  | { readonly kind: 'record'; readonly record: Uint8Array }
  | { readonly kind: 'commit'; readonly round: number; readonly record: Uint8Array }

const RECORD = 0
const COMMIT = 1
const HEAD_BYTES = 5
const ROUND_BYTES = 4

export function encodeEntry(entry: Entry): Uint8Array {
  const { record } = entry
  const body = entry.kind === 'commit' ? ROUND_BYTES : 0
  const bytes = Buffer.alloc(HEAD_BYTES + body + record.length)
  bytes.writeUInt8(entry.kind === 'commit' ? COMMIT : RECORD, 0)
  bytes.writeUInt32BE(body + record.length, 1)
  if (entry.kind === 'commit') bytes.writeUInt32BE(entry.round, HEAD_BYTES)
  bytes.set(record, HEAD_BYTES + body)
  return bytes
}

/** Undefined where the bytes are no entries; they were sealed, so only a defect can have written them. */
export function parseEntries(group: Uint8Array): Entry[] | undefined {
  const bytes = Buffer.from(group.buffer, group.byteOffset, group.byteLength)
  const entries: Entry[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < HEAD_BYTES) return undefined
    const kind = bytes.readUInt8(at)
    const length = bytes.readUInt32BE(at + 1)
    const body = group.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length)
    if (body.length !== length) return undefined
    if (kind === RECORD) entries.push({ kind: 'record', record: body.slice() })
    else if (kind !== COMMIT || length < ROUND_BYTES) return undefined
    else entries.push({ kind: 'commit', round: bytes.readUInt32BE(at + HEAD_BYTES), record: body.slice(ROUND_BYTES) })
    at += HEAD_BYTES + length
  }
  return entries
}
