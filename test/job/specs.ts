/** Specs for the tests of this room: a small valid one as text, and what it becomes. */
import { JobError } from '../../src/job/index.ts'

export const minimal = `version: 1
name: credit
task: { kind: binary-classification }
model: { kind: logistic }
data:
  dataset: loans
  id: customer
  label: defaulted
  features:
    - { name: age, type: number, minimum: 18, maximum: 100 }
    - { name: purpose, type: category, values: [car, home] }
parties: [bank-a, bank-b, bank-c]
rounds: { count: 3, quorum: 2 }
`

/** The minimal spec with one piece of text replaced; the piece must be there, or the test tests nothing. */
export function changed(piece: string, replacement: string, text = minimal): string {
  if (!text.includes(piece)) throw new Error(`${piece} is not in the spec`)
  return text.replace(piece, replacement)
}

/** The JobError that `act` throws. Anything else, and no error, fails the test. */
export function refusal(act: () => unknown): JobError {
  try {
    act()
  } catch (error) {
    if (error instanceof JobError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** The lines of the message that list problems. */
export function listed(error: JobError): string[] {
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
}
