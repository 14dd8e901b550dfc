/** What goes wrong with files, in the words of the aggregator: each error names the file and what to do. */
import { AggregatorError } from '../errors.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EIO: 'the disk failed',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
}

/** A failure of the disk as AGGREGATION_STATE_DISK; an error that has its code already stays as it is. */
export function diskFailure(error: unknown, doing: string, path: string): AggregatorError {
  if (error instanceof AggregatorError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  return new AggregatorError('AGGREGATION_STATE_DISK', `${path} could not be ${doing}: ${reason}`, { cause: error })
}

/** Runs one piece of work on a file and gives its failure the words. */
export async function onDisk<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskFailure(error, doing, path)
  }
}

export const damaged = (path: string, what: string): AggregatorError =>
  new AggregatorError('AGGREGATION_STATE_DAMAGED', `${path}: ${what}`)

export const oversized = (what: string, bytes: number, most: number): AggregatorError =>
  new AggregatorError('AGGREGATION_STATE_SIZE', `${what} has ${bytes} bytes, expected at most ${most}`)
