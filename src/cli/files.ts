/**
 * Reading and writing files for verbs: each failure becomes one error that names the path. Private files are made with
 * their mode from the first byte, and nothing is written over.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CliError } from './errors.ts'

/** Configuration, keys and job specs are text of kilobytes; more is a wrong file. */
const MAXIMUM_TEXT_BYTES = 4 * 1024 * 1024
/** A quote has 8 kB with its padding, an event log of a large boot 100 kB, the bundled aggregator 3 MB. */
const MAXIMUM_BYTES = 64 * 1024 * 1024

const PRIVATE_FILE = 0o600
const PRIVATE_DIRECTORY = 0o700

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
    EEXIST: 'it exists already',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
  }
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}

/** Throws CLI_FILE_UNREADABLE. `what` names the file's part in the message. */
export async function readText(path: string, what: string): Promise<string> {
  return reading(path, what, async () => {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBounded(path, MAXIMUM_TEXT_BYTES))
  })
}

/** Quotes, event logs, programs. Throws CLI_FILE_UNREADABLE. `what` names the file's part in the message. */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  return reading(path, what, () => readBounded(path, MAXIMUM_BYTES))
}

async function reading<T>(path: string, what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new CliError('CLI_FILE_UNREADABLE', `${what} ${path} cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}

async function readBounded(path: string, most: number): Promise<Uint8Array> {
  const { size } = await stat(path)
  if (size > most) throw new Error(`it has ${size} bytes, expected at most ${most}`)
  return new Uint8Array(await readFile(path))
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Refuses a path where something is; an empty directory counts as nothing. */
export async function refuseOccupied(path: string): Promise<void> {
  const entries = await readdir(path).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : undefined,
  )
  if (entries === undefined || entries.length > 0) {
    throw new CliError('CLI_FILE_EXISTS', `${path} exists already and is not an empty directory`)
  }
}

export interface NewFile {
  readonly path: string
  readonly text: string | Uint8Array
  /** Readable by its owner only. */
  readonly secret?: boolean
}

async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof CliError) throw error
    const code =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'CLI_FILE_EXISTS' : 'CLI_FILE_UNWRITABLE'
    throw new CliError(code, `${path} cannot be written: ${reasonOf(error)}`, { cause: error })
  }
}

export async function writeNew({ path, text, secret }: NewFile): Promise<void> {
  const mode = secret === true ? PRIVATE_FILE : 0o644
  // What was signed by a key that a power failure took away would be of nobody.
  await writing(path, () => writeFile(path, text, { flag: 'wx', mode, flush: secret === true }))
}

/**
 * Makes a directory with all its files or nothing: they are written beside it and renamed into place, so that an
 * interrupted `init` leaves no half of a home. Paths in `files` are relative to the directory.
 */
export async function writeDirectory(directory: string, files: readonly NewFile[]): Promise<void> {
  await refuseOccupied(directory)
  await writing(directory, async () => {
    await mkdir(dirname(directory), { recursive: true, mode: PRIVATE_DIRECTORY })
    const draft = await mkdtemp(join(dirname(directory), `.${basename(directory)}-`))
    try {
      await chmod(draft, PRIVATE_DIRECTORY)
      for (const file of files) {
        const path = join(draft, file.path)
        await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY })
        await writeNew({ ...file, path })
      }
      await rename(draft, directory)
    } catch (error) {
      await rm(draft, { recursive: true, force: true })
      throw error
    }
  })
}
