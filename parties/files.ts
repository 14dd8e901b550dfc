/**
 * Files of a party's home: what somebody else wrote is bounded before it is read, and UTF-8 or refused; what must outlive
 * a crash is written whole or not at all. Both throw Error in plain words, or that of the file system: callers say whose
 * file it is.
 */
import { randomUUID } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function readText(path: string, maximumBytes: number): Promise<string> {
  const handle = await open(path, 'r')
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new Error('it is not a file')
    if (facts.size > maximumBytes) throw new Error(`it has ${facts.size} bytes, at most ${maximumBytes}`)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile())
  } finally {
    await handle.close()
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * The name shows the old content or the new one, also after a power failure: fsync of a draft, rename, fsync of the name.
 * The draft has a name of its own, because two programs may write at once, and goes where writing fails, because a full
 * disk needs no more of them. Its owner alone can read it.
 */
export async function writeDurably(
  directory: string,
  name: string,
  content: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const draft = join(directory, `.${name}.${randomUUID()}`)
  try {
    await writeFile(draft, content, { mode: 0o600, flag: 'wx', flush: true })
    await rename(draft, join(directory, name))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncDirectory(directory)
}

/** Makes names that were added, changed or removed in a directory outlive a power failure. */
export async function syncDirectory(directory: string): Promise<void> {
  const parent = await open(directory, 'r')
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
}
