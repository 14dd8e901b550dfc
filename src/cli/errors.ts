import { CodedError, type ErrorTable } from '../errors/index.ts'

export const cliErrors = {
  CLI_VERB_UNKNOWN: {
    status: 'INVALID_ARGUMENT',
    cause: 'The command line does not begin with a verb of coffer, or the verb needs a second word.',
    next: 'Run `coffer --help` for the list of verbs.',
  },
  CLI_OPTION_UNKNOWN: {
    status: 'INVALID_ARGUMENT',
    cause: 'The verb does not have this option.',
    next: 'Run the verb with `--help` for its options.',
  },
  CLI_ARGUMENT_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'An argument or the value of an option is missing, superfluous or of another form than expected.',
    next: 'Run the verb with `--help` for what it expects.',
  },
  CLI_FILE_UNREADABLE: {
    status: 'INVALID_ARGUMENT',
    cause: 'A file named on the command line or in a home directory cannot be read.',
    next: 'Check the path and its permissions.',
  },
  CLI_ATTESTATION_POLICY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The home has no attestation policy, without which no aggregator can be believed and none may serve.',
    next: 'Put the signed attestation-policy.json of the federation into the home; `coffer policy new` and `policy sign` make one.',
  },
  CLI_SIMULATION_REFUSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'An aggregator was to run in a simulated TEE under a policy that is not one for simulations.',
    next: 'Set `tee: auto` in coffer.yaml and run it in a TEE; simulation needs a federation made with --simulated.',
  },
  CLI_DEMO_TAMPERED: {
    status: 'INTERNAL',
    cause: "The demo's changed aggregator was accepted by a party, which must not happen.",
    next: 'This is a mistake in the program: report it with the record that the message names.',
  },
  CLI_FILE_EXISTS: {
    status: 'ALREADY_EXISTS',
    cause: 'The verb would write over a file or a directory that is not empty.',
    next: 'Name another place, or move the old one away first.',
  },
  CLI_FILE_UNWRITABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'A file or directory cannot be written: permissions, a read-only or a full disk.',
    next: 'Name another place, or make room and check the permissions.',
  },
  CLI_HOME_MISSING: {
    status: 'INVALID_ARGUMENT',
    cause: 'There is no home directory of the right kind at the place that was searched.',
    next: 'Give --home DIR or set COFFER_HOME; `coffer init` makes a home.',
  },
  CLI_HOME_ROLE: {
    status: 'INVALID_ARGUMENT',
    cause: 'The home directory belongs to another kind of program than the verb.',
    next: 'Give --home the directory of the program that the verb starts.',
  },
  CLI_KEY_EXPOSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'A private key can be read by other users of the machine.',
    next: 'Run chmod 600 on the file; if others may have read it, ask for a new certificate.',
  },
  CLI_IDENTITY_UNUSABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'Certificate, key, roots and configuration of a home do not fit together, or a date has passed.',
    next: 'Run `coffer doctor` on the home; ask the holder of the federation root for a new certificate.',
  },
  CLI_MODEL_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'What the coordinator served is not the model version or the job spec that its digest names.',
    next: 'Try again; if it stays so, the coordinator or its store is damaged or not honest.',
  },
  CLI_LINEAGE_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'A file below lineage/ of an exported model is missing, too large or not of its form.',
    next: 'Export the model again with `coffer model export`; a copy of the directory has to be whole.',
  },
  CLI_LINEAGE_JOB: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job spec beside the model is none, or is not the one that the receipts name.',
    next: 'Do not use the model as one of that job; ask who exported it.',
  },
  CLI_LINEAGE_EVIDENCE: {
    status: 'FAILED_PRECONDITION',
    cause: 'The evidence beside the model is of another program, federation, policy or start than the receipts need.',
    next: 'Give the attestation policy under which the run was made with --policy; if that is the one, the receipts prove nothing.',
  },
  CLI_LINEAGE_MODEL: {
    status: 'DATA_LOSS',
    cause: 'The parameters are not those that the last receipt released.',
    next: 'Do not use the model: it was changed after the run, or is of another one.',
  },
  CLI_RUN_NOT_FINISHED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The stream of events of a run ended although the run had not.',
    next: 'Run `coffer run watch` again; look at the log of the coordinator.',
  },
  CLI_DEMO_PROGRAM: {
    status: 'FAILED_PRECONDITION',
    cause: 'A program of the demo did not start, or ended before it was ready.',
    next: 'Read the log that the message names.',
  },
  CLI_DEMO_RUN: {
    status: 'FAILED_PRECONDITION',
    cause: "The demo's run ended without a model.",
    next: 'Read the reason in the message and the logs of the programs.',
  },
  CLI_SIMULATION_QUORUM: {
    status: 'INVALID_ARGUMENT',
    cause: 'With this probability of drops a round of the simulation would have too few parties for any sum.',
    next: 'Lower --drop, raise --parties, or try another --seed.',
  },
  CLI_SIMULATION_ROWS: {
    status: 'INVALID_ARGUMENT',
    cause: 'A file has too few rows to be split over so many simulated parties.',
    next: 'Lower --parties, or leave out --data for made-up rows.',
  },
  CLI_UNEXPECTED: {
    status: 'INTERNAL',
    cause: 'Something happened that coffer does not expect: a defect.',
    next: 'Run it again with --verbose and report what it prints.',
  },
} as const satisfies ErrorTable<string>

export type CliCode = keyof typeof cliErrors

export class CliError extends CodedError<CliCode> {
  constructor(code: CliCode, message: string, options?: ErrorOptions) {
    super(cliErrors, code, message, options)
  }
}
