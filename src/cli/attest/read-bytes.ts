/** Files of bytes on the command line: quotes, event logs, programs. Bounded, and refused with their path. */
import { readFile, stat } from 'node:fs/promises'
import { CliError } from '../errors.ts'

/** A quote has 8 kB with its padding, an event log of a large boot 100 kB, the bundled aggregator 2 MB. */
const MAXIMUM_BYTES = 64 * 1024 * 1024

/** Throws CLI_FILE_UNREADABLE. `what` names the file's part in the message. */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > MAXIMUM_BYTES) throw new Error(`it has ${size} bytes, expected at most ${MAXIMUM_BYTES}`)
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('CLI_FILE_UNREADABLE', `${what} ${path} cannot be read: ${why}`, { cause })
  }
}
