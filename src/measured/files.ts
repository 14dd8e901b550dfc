/** Reads files of the home, which lie on a disk of the host: bounded before they are read, refused with their path. */
import { open } from 'node:fs/promises'
import { MeasuredError } from './errors.ts'

export interface ReadFile {
  readonly bytes: Uint8Array
  /** Permission bits. */
  readonly mode: number
}

/** Throws MEASURED_FILE_UNREADABLE. `what` names the file's part in the message. */
export async function readBounded(path: string, what: string, maximumBytes: number): Promise<ReadFile> {
  try {
    await using handle = await open(path, 'r')
    const status = await handle.stat()
    if (!status.isFile()) throw new Error('it is not a file')
    if (status.size > maximumBytes) throw new Error(`it has ${status.size} bytes, expected at most ${maximumBytes}`)
    // The host may let it grow between the two calls: read what was measured and no more.
    const bytes = new Uint8Array(status.size)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    return { bytes: bytes.subarray(0, bytesRead), mode: status.mode & 0o777 }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new MeasuredError('MEASURED_FILE_UNREADABLE', `${what} ${path} cannot be read: ${why}`, { cause: error })
  }
}

/** UTF-8, strictly. Throws MEASURED_FILE_UNREADABLE. */
export async function readTextFile(path: string, what: string, maximumBytes: number): Promise<string> {
  const { bytes } = await readBounded(path, what, maximumBytes)
  return toText(bytes, path, what)
}

export function toText(bytes: Uint8Array, path: string, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new MeasuredError('MEASURED_FILE_UNREADABLE', `${what} ${path} is not text in UTF-8`, { cause: error })
  }
}
