import { LearningError } from '../../src/learning/index.ts'

/** The code of the LearningError that `action` throws; fails for any other outcome. */
export function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof LearningError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}
