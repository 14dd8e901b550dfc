import { CodedError, type ErrorTable } from '../errors/index.ts'

export const cryptoErrors = {
  CANONICAL_JSON_VALUE: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A value has no form in canonical JSON (RFC 8785): not a number, an infinity, undefined, half a surrogate pair, or an object that is not plain.',
    next: 'Replace or remove the value at the path that the message names.',
  },
  CANONICAL_JSON_DEPTH: {
    status: 'INVALID_ARGUMENT',
    cause: 'A value is nested deeper than canonical JSON is written here, or contains itself.',
    next: 'Flatten the value; no document of this product comes near the limit.',
  },
  HEX_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A text that should be bytes in hexadecimal has an odd length or another character than 0-9 and a-f.',
    next: 'Copy the value again, completely and without spaces.',
  },
  RANDOM_BOUND: {
    status: 'INTERNAL',
    cause: 'A random integer was asked for below a bound that is not a whole number from 1 to 2^32.',
    next: 'This is a mistake in the program: report it with the message.',
  },
} as const satisfies ErrorTable<string>

export type CryptoCode = keyof typeof cryptoErrors

export class CryptoError extends CodedError<CryptoCode> {
  constructor(code: CryptoCode, message: string, options?: ErrorOptions) {
    super(cryptoErrors, code, message, options)
  }
}
