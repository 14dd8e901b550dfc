/** The verbs of the coordinator's log: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const ledgerVerbs: readonly Verb[] = [
  verb({
    name: 'ledger show',
    summary: "Show the coordinator's log: size, root hash, key, newest entries",
    positionals: [],
    options: {
      coordinator: {
        type: 'string',
        value: 'HOST:PORT',
        default: "the home's",
        description: 'The coordinator to ask.',
      },
      limit: { type: 'integer', value: 'N', default: '20', description: 'At most this many entries; 1 to 500.' },
    },
    examples: ['coffer ledger show'],
    run: async (context, options) => (await import('./show.ts')).show(context, options),
  }),
  verb({
    name: 'ledger verify',
    summary: 'Compare the checkpoints that parties kept: is it one log, and did nobody change it',
    description:
      'Offline: signatures, and consistency of all checkpoints with one another by the proofs that were kept with them. ' +
      'With --coordinator the proofs that are missing are asked for. Exit code 1 for a log that shows two histories, was ' +
      'rolled back or changed its key, and where a proof is missing.',
    positionals: [],
    options: {
      from: {
        type: 'strings',
        value: 'DIR',
        default: 'ledger/ of a party home',
        description: "A party's witness directory. May be repeated.",
      },
      checkpoint: { type: 'strings', value: 'FILE', description: 'A signed checkpoint. May be repeated.' },
      key: {
        type: 'string',
        value: 'KEY',
        default: 'log.key of the directories, else as the first checkpoint names it',
        description: 'The key of the log: NAME+ID+BASE64.',
      },
      coordinator: { type: 'string', value: 'HOST:PORT', description: 'Ask this coordinator for missing proofs.' },
    },
    examples: [
      'coffer ledger verify --from bank-a/ledger --from bank-b/ledger',
      'coffer ledger verify --checkpoint received.checkpoint --home bank-a --json',
    ],
    run: async (context, options) => (await import('./verify.ts')).verify(context, options),
  }),
]
