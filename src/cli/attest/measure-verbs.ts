/** The verb `attest measure`: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const measureVerbs: readonly Verb[] = [
  verb({
    name: 'attest measure',
    summary: 'Say what to write into the attestation policy for an aggregator, and where each value is from',
    description:
      'Ends with `programs:` of a policy. Values of the bundle and of SIGSTRUCT can be computed again by anybody; values ' +
      'of a quote are worth what is known of the machine it is of. Exit code 1 when two sources contradict each other.',
    positionals: [],
    options: {
      bundle: { type: 'string', value: 'FILE', description: 'The bundled aggregator, dist/aggregator.mjs.' },
      quote: { type: 'string', value: 'FILE', description: 'A quote of a machine that is known to be good.' },
      collateral: {
        type: 'string',
        value: 'FILE',
        description: 'Collateral to verify the quote with; needed with it.',
      },
      roots: { type: 'string', value: 'FILE.pem', default: "Intel's", description: 'Trusted root certificates.' },
      at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'The time of verification.' },
      'event-log': { type: 'string', value: 'FILE', description: "The TD's event log (CCEL data), replayed." },
      mrenclave: {
        type: 'string',
        value: 'HEX',
        description: 'MRENCLAVE that was built; not for deploy/occlum, whose policy names the signer.',
      },
      sigstruct: { type: 'string', value: 'FILE', description: 'SIGSTRUCT, as `gramine-sgx-sign` writes it (.sig).' },
    },
    examples: [
      'coffer attest measure --bundle dist/aggregator.mjs',
      'coffer attest measure --bundle dist/aggregator.mjs --quote quote.bin --collateral collateral.json --json',
    ],
    run: async (context, options) => (await import('./measure.ts')).measure(context, options),
  }),
]
