/** Files that are read and written as a whole, and directories that are removed as a whole. */
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { damaged, onDisk } from './failure.ts'
import { draftName } from './state-file.ts'

/** Durable under its name when it resolves, over what had the name; a draft of an earlier try is written anew. */
export async function writeSmall(disk: Disk, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(directory, name)
  const draft = join(directory, draftName(name))
  await onDisk('written', path, async () => {
    await disk.remove(draft)
    const file = await disk.create(draft)
    try {
      await file.append(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(draft, path)
    await disk.syncDirectory(directory)
  })
}

/** Throws AGGREGATION_STATE_DISK; _DAMAGED where it has more bytes than `most`. */
export async function readSmall(disk: Disk, path: string, most: number): Promise<Uint8Array> {
  return onDisk('read', path, async () => {
    const reader = await disk.read(path)
    try {
      if (reader.size > most) throw damaged(path, `it has ${reader.size} bytes, expected at most ${most}`)
      return await reader.read(0, reader.size)
    } finally {
      await reader.close()
    }
  })
}

/** run.json first: without it, what is left of the rest is known to be on its way out. */
export async function removeFiles(disk: Disk, directory: string, names: readonly string[]): Promise<void> {
  await onDisk('removed', directory, async () => {
    if (names.includes('run.json')) {
      await disk.remove(join(directory, 'run.json'))
      await disk.syncDirectory(directory)
    }
    for (const name of names) await disk.remove(join(directory, name))
  })
}

export async function removeRun(disk: Disk, directory: string, names: readonly string[]): Promise<void> {
  await removeFiles(disk, directory, names)
  await onDisk('removed', directory, () => disk.removeDirectory(directory))
}
