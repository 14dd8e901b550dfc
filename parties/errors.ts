/**
 * The errors of the parties room. Causes and next steps travel to the coordinator (a party that declines names the code
 * and its cause), so they never hold a value, a row or a path; those are in the message, which stays at the party.
 */
import { CodedError, type ErrorTable } from '../src/errors/index.ts'

export const partyErrors = {
  // The file.
  DATA_FILE_MISSING: {
    status: 'NOT_FOUND',
    cause: 'There is no file at the path of the data set.',
    next: 'Correct the path under `datasets` in coffer.yaml of the party, or put the file there.',
  },
  DATA_FILE_UNREADABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'The data file exists and cannot be read: it is a folder, its permissions forbid it, or the disk fails.',
    next: 'Give the user that runs the party agent permission to read the file; the message has the reason.',
  },
  DATA_FILE_CHANGED: {
    status: 'ABORTED',
    cause: 'The data file changed while it was being read.',
    next: 'Write a new file beside the old one and rename it when it is complete, then start the run again.',
  },
  DATA_EMPTY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The data file has no rows: it is empty, or has column names only.',
    next: 'Export the data again with its rows.',
  },
  DATA_FORMAT: {
    status: 'FAILED_PRECONDITION',
    cause: 'The data file is neither CSV text in UTF-8 nor Parquet.',
    next: 'Save the data as CSV (UTF-8, separated by commas) or as Parquet.',
  },
  DATA_DELIMITER: {
    status: 'FAILED_PRECONDITION',
    cause: 'The CSV file seems to be separated by another character than the comma.',
    next: 'Save the file separated by commas (RFC 4180), numbers with a decimal point.',
  },
  DATA_MALFORMED: {
    status: 'FAILED_PRECONDITION',
    cause:
      'The data file cannot be taken apart into rows and columns: rows of different lengths, an open quote, other text encoding, or a damaged Parquet file.',
    next: 'Repair the lines that the message names, or export the file again.',
  },
  DATA_TOO_LARGE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The table would need more memory than the party agent may use for it.',
    next: 'Use fewer rows or fewer columns, or raise the limit if the machine has the memory.',
  },
  // Its columns.
  DATA_COLUMN_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'The data file lacks a column that the data contract of the job names; names must match exactly.',
    next: 'Rename or add the column, or correct `data` of the job spec.',
  },
  DATA_COLUMN_AMBIGUOUS: {
    status: 'FAILED_PRECONDITION',
    cause: 'The data file has two columns with the same name, and the data contract of the job names it.',
    next: 'Rename one of the two columns.',
  },
  DATA_COLUMN_TYPE: {
    status: 'FAILED_PRECONDITION',
    cause:
      'A column of the Parquet file has a type that the data contract has no use for, such as a time where it says number.',
    next: 'Convert the column to numbers or to text when exporting, or leave it out of the job.',
  },
  // Its values.
  DATA_NOT_A_NUMBER: {
    status: 'FAILED_PRECONDITION',
    cause: 'A numeric column holds a value that is not a number.',
    next: 'Correct the value, leave it empty where the contract allows missing values, or declare the column as a category.',
  },
  DATA_OUTSIDE_RANGE: {
    status: 'FAILED_PRECONDITION',
    cause: 'A numeric column holds a value outside the declared minimum and maximum.',
    next: 'Correct the value, widen the range in the job spec, or declare `outside: clip` for the column.',
  },
  DATA_UNKNOWN_CATEGORY: {
    status: 'FAILED_PRECONDITION',
    cause: 'A category column holds a value that the data contract does not list.',
    next: 'Correct the value, add it to `values` in the job spec, or declare `other: own-column` for the column.',
  },
  DATA_VALUE_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'A value is missing where the data contract refuses missing values; a label may never be missing.',
    next: 'Fill the value or remove the row, or declare another rule under `missing` for the column.',
  },
  DATA_LABEL_INVALID: {
    status: 'FAILED_PRECONDITION',
    cause:
      'A label is not one that the task allows: a binary label has the positive value and one other, a class is in the list, a number is in its range.',
    next: 'Correct the label, or `data.positive`, `task.classes` or the range of the task in the job spec.',
  },
  DATA_ID_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'A row has no id.',
    next: 'Give every row an id of its own, or name another column under `data.id` in the job spec.',
  },
  DATA_ID_DUPLICATE: {
    status: 'FAILED_PRECONDITION',
    cause: 'Two rows have the same id, so one customer could be in the training rows and in the hold-out rows.',
    next: 'Keep one row for each id, or name the column under `data.id` that is unique.',
  },
  // What is made of it.
  DATA_TOO_FEW_ROWS: {
    status: 'FAILED_PRECONDITION',
    cause: 'Splitting the rows left none for training or none for the hold-out.',
    next: 'Take part with more rows, or change `data.holdout` of the job spec.',
  },
  DATA_NO_CONTRACT: {
    status: 'FAILED_PRECONDITION',
    cause:
      'No data contract can be derived from the files: they have no usable feature column in common, or no binary label.',
    next: 'Give files with the same column names and a label with two different values.',
  },
  PORTFOLIO_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A portfolio was asked for with fewer rows or other bank profiles than can be generated.',
    next: 'Ask for at least 100 rows for each bank, shares that add up to 1, and default rates between 0.005 and 0.5.',
  },
} as const satisfies ErrorTable<string>

export type PartyCode = keyof typeof partyErrors

export class PartyError extends CodedError<PartyCode> {
  constructor(code: PartyCode, message: string, options?: ErrorOptions) {
    super(partyErrors, code, message, options)
  }
}
