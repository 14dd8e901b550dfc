/** A text file that somebody else wrote: bounded before it is read, and UTF-8 or refused. */
import { open } from 'node:fs/promises'

/** Throws Error in plain words, or that of the file system; callers say whose file it is. */
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

/** The members of an object that has exactly these names; undefined for anything else. */
export function exactMembers(value: unknown, names: readonly string[]): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const members = new Map<string, unknown>(Object.entries(value))
  return members.size === names.length && names.every((name) => members.has(name)) ? members : undefined
}
