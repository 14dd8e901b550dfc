/** Running what must be refused: the class and the code of what was thrown. */
import { expect } from 'vitest'
import { type LedgerCode, LedgerError, ReceiptError } from '../../src/ledger/index.ts'

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** Asserts class and code; returns the message. */
export function ledgerRefusal(run: () => unknown, code: LedgerCode): string {
  const error = thrownBy(run)
  if (!(error instanceof LedgerError)) throw error
  expect(error.code, error.message).toBe(code)
  return error.message
}

/** Asserts the class; returns the codes of every reason, of which the first is the error's own. */
export function receiptRefusal(run: () => unknown): string[] {
  const error = thrownBy(run)
  if (!(error instanceof ReceiptError)) throw error
  expect(error.code).toBe(error.reasons[0]?.code)
  return error.reasons.map(({ code }) => code)
}
