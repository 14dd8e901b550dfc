import { UpdateError } from '../../src/update/index.ts'

/** The code of the UpdateError that `action` throws; fails for any other outcome. */
export function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof UpdateError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}
