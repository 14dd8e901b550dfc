/** The verb that verifies where a model comes from: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const modelVerifyVerb: Verb = verb({
  name: 'model verify',
  summary: 'Verify where a model comes from: evidence, receipts of every round, parameters, the log',
  description:
    'Offline for a directory that `coffer model export` wrote. For an id the same is fetched from the coordinator first, ' +
    'and the coordinator is believed no more for it. Every step is told; exit code 0 when none is refused, 1 otherwise.',
  positionals: [{ name: 'MODEL', description: "A directory, or the model version's id or its beginning." }],
  options: {
    policy: {
      type: 'string',
      value: 'FILE',
      default: 'attestation-policy.json of the home',
      description: 'The signed attestation policy under which the run was made.',
    },
    collateral: {
      type: 'string',
      value: 'FILE',
      default: 'collateral.json of the home',
      description:
        'CRLs, TCB info and QE identity for the platform of the aggregator (`coffer attest collateral fetch`).',
    },
    at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'When the evidence is judged.' },
    from: {
      type: 'string',
      value: 'DIR',
      default: 'ledger/ of a party home',
      description: "A party's witness directory: shows that the log is the one this party saw.",
    },
    coordinator: {
      type: 'string',
      value: 'HOST:PORT',
      default: "the home's",
      description: 'The coordinator to ask for a model that is given by its id.',
    },
  },
  examples: [
    'coffer model verify credit-model',
    'coffer model verify credit-model --policy attestation-policy.json --collateral collateral.json --json',
    'coffer model verify 7b21',
  ],
  run: async (context, options, model) => (await import('./model-verify.ts')).modelVerify(context, options, model),
})
