import { CodedError, type ErrorTable } from '../errors/index.ts'

export const updateErrors = {
  UPDATE_ENCODING_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The encoding asks for a number of bits or a range that the fixed point cannot have.',
    next: 'Choose bits from 8 to 32 and a range from 2^-64 to 2^64 in the job spec.',
  },
  UPDATE_LAYOUT_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A segment has a length that is not a whole number, or the segments together pass the limit of an update.',
    next: 'Choose a smaller model; the limit is 2^26 values of 32 bits.',
  },
  UPDATE_SHARE_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The share of a party, its rows over the weight unit of the run, is not above 0 and at most 1.',
    next: 'Compute the share from the weight unit of the task that is answered.',
  },
  UPDATE_LENGTH: {
    status: 'INVALID_ARGUMENT',
    cause: 'An update has another number of values or bytes than the layout of its task.',
    next: 'Check that both sides work from the same job spec and the same release of the program.',
  },
  UPDATE_NOT_FINITE: {
    status: 'OUT_OF_RANGE',
    cause: 'A value of an update is NaN or infinite, most often because training diverged.',
    next: 'Lower the local learning rate and check the data for extreme values.',
  },
  UPDATE_OVERFLOW: {
    status: 'OUT_OF_RANGE',
    cause: 'A value of an update is larger than the encoding can hold; values are never wrapped or cut.',
    next: 'Raise encoding.range in the job spec, or lower the local learning rate if training diverged.',
  },
  UPDATE_OUT_OF_RANGE: {
    status: 'OUT_OF_RANGE',
    cause: 'A received value is not one that the encoding of the job can produce.',
    next: 'Find out what the sending party runs: an unchanged agent cannot send this.',
  },
  UPDATE_COUNT_INVALID: {
    status: 'OUT_OF_RANGE',
    cause: 'A count is negative or not a whole number.',
    next: 'Find out what the sending party runs: an unchanged agent cannot send this.',
  },
  UPDATE_COMPRESSION_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The share of deltas that top-k compression keeps lies outside its range.',
    next: 'Choose a share above 0 and at most 1 in the job spec.',
  },
  UPDATE_COMPRESSED_FORM: {
    status: 'INVALID_ARGUMENT',
    cause: 'A compressed update is not in the one form that its compression has.',
    next: 'Find out what the sending party runs: an unchanged agent cannot send this.',
  },
  UPDATE_ORDER: {
    status: 'INTERNAL',
    cause: 'An update was added to a sum after the sum was read.',
    next: 'Report this as a defect of the program.',
  },
  UPDATE_TOO_MANY: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'More updates were added to one sum than the headroom of the encoding allows.',
    next: 'Divide the federation: one run takes at most 1,024 parties.',
  },
} as const satisfies ErrorTable<string>

export type UpdateCode = keyof typeof updateErrors

export class UpdateError extends CodedError<UpdateCode> {
  constructor(code: UpdateCode, message: string, options?: ErrorOptions) {
    super(updateErrors, code, message, options)
  }
}
