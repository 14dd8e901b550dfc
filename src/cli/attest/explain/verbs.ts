/** `attest explain`: a part of the table in ../../verbs.ts. */
import { verb, type Verb } from '../../verb.ts'

export const explainVerbs: readonly Verb[] = [
  verb({
    name: 'attest explain',
    summary: 'Tell a verification record or a quote field by field, with a verdict beside each',
    description:
      'A record is judged again from its own content, offline, and has to come out as it was recorded. A quote alone shows ' +
      'claims; with --collateral it is judged as `attest verify` does. Exit code 0 when accepted, genuine or only read; 1 ' +
      'when refused, or when a record contradicts its content.',
    positionals: [
      {
        name: 'RECORD|QUOTE',
        description: 'A file of attestation/records in the home of a party, or a quote as bytes.',
      },
    ],
    options: {
      collateral: { type: 'string', value: 'FILE', description: 'Judge the quote with this collateral.' },
      at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'The time of verification; for quotes.' },
      roots: { type: 'string', value: 'FILE.pem', default: "Intel's", description: 'Trusted roots; for quotes.' },
      policy: { type: 'string', value: 'FILE', description: 'Reference values or a signed policy; for quotes.' },
      'report-data': { type: 'string', value: 'HEX', description: 'What the quote has to carry.' },
      'event-log': { type: 'string', value: 'FILE', description: 'The event log of a TD (CCEL data); for quotes.' },
    },
    examples: [
      'coffer attest explain .coffer/parties/bank-a/attestation/records/RECORD.json',
      'coffer attest explain quote.bin --collateral collateral.json --policy attestation-policy.json --json',
    ],
    run: async (context, options, file) => (await import('./explain.ts')).explain(context, options, file),
  }),
]
