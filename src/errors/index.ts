/**
 * One kind of error for the whole product.
 *
 * Every refusal that a person or a program may meet has a stable code. A room lists its codes in one table
 * (`ErrorTable`): the gRPC status it travels as, what causes it, and what to do next. The union of codes is the
 * table's keys, so a code without documentation does not compile; docs/errors.md is generated from the same tables.
 * The message of one error says what happened and to whom; the row says why it happens and the next step.
 */

/** Names of the gRPC status codes that errors of this product travel as (grpc/grpc, doc/statuscodes.md). */
export type StatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

export interface ErrorRow {
  readonly status: StatusName
  /** Why this happens, in one sentence. */
  readonly cause: string
  /** What the reader can do about it, in one sentence. */
  readonly next: string
}

export type ErrorTable<Code extends string> = Readonly<Record<Code, ErrorRow>>

/** The base of every error family. A family is a class per room: `class JobError extends CodedError<JobCode>`. */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly row: ErrorRow

  constructor(table: ErrorTable<Code>, code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.row = table[code]
    this.name = new.target.name
  }
}

export { suggest } from './suggest.ts'
