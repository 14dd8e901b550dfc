/** The code of a refusal, which must be one of this room. */
import { expect } from 'vitest'
import { type TeeCode, TeeError } from '../../src/tee/index.ts'

export async function codeOf(outcome: Promise<unknown>): Promise<TeeCode> {
  const error = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TeeError)
  if (!(error instanceof TeeError)) throw new Error('nothing was refused')
  return error.code
}
