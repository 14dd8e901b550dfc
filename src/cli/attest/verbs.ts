/** The verbs of attestation: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const attestVerbs: readonly Verb[] = [
  verb({
    name: 'attest verify',
    summary: 'Judge a quote offline: is it genuine, what is its TCB status, is it what a policy expects',
    description:
      'SGX quotes v3, TDX quotes v4 and v5, with collateral in the JSON form of DCAP tools. Without --policy it says what is ' +
      'genuine and judges nothing else. Exit code 0 when everything asked for holds, 1 when refused.',
    positionals: [{ name: 'QUOTE', description: 'The quote, as bytes.' }],
    options: {
      collateral: {
        type: 'string',
        value: 'FILE',
        description: 'CRLs, TCB info and QE identity with their chains. Required.',
      },
      at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'The time of verification.' },
      roots: { type: 'string', value: 'FILE.pem', default: "Intel's", description: 'Trusted root certificates.' },
      policy: { type: 'string', value: 'FILE', description: 'A signed policy, or reference values as YAML or JSON.' },
      'report-data': {
        type: 'string',
        value: 'HEX',
        description: 'What the quote has to carry; filled up with zeros to 64 bytes.',
      },
      'event-log': {
        type: 'string',
        value: 'FILE',
        description: 'The event log of a TD (CCEL data), replayed to its RTMRs.',
      },
    },
    examples: ['coffer attest verify quote.bin --collateral collateral.json --at 2026-07-01T00:00:00Z --json'],
    run: async (context, options, file) => (await import('./verify.ts')).verify(context, options, file),
  }),
  verb({
    name: 'attest check',
    summary: 'Have the aggregator attest itself to this party now, judge it and record the verdict',
    description:
      'Dials as the party agent of this home does, and says nothing after the verdict. Exit code 0 when the aggregator is ' +
      'accepted, 1 when refused.',
    positionals: [],
    options: {
      aggregator: { type: 'string', value: 'HOST:PORT', default: "the home's", description: 'The aggregator to dial.' },
    },
    examples: ['coffer attest check --home .coffer/parties/bank-a'],
    run: async (context, options) => (await import('./check.ts')).check(context, options),
  }),
  verb({
    name: 'attest simulate',
    summary: 'Write evidence of the simulated TEE, genuine or with a named fault, to check verifiers with',
    positionals: [],
    options: {
      seed: {
        type: 'string',
        value: 'N',
        description: 'Names the keys: the same seed and time give the same bytes. Required.',
      },
      tee: { type: 'string', choices: ['sgx-v3', 'tdx-v4', 'tdx-v5'], description: 'What kind of evidence. Required.' },
      fault: { type: 'string', value: 'NAME', description: 'One deviation; an unknown name lists all.' },
      at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'Collateral is one day old at this time.' },
      'report-data': {
        type: 'string',
        value: 'HEX',
        default: 'zeros',
        description: 'What the quote carries, up to 64 bytes.',
      },
      out: { type: 'string', value: 'DIR', description: 'A new or empty directory. Required.' },
    },
    examples: [
      'coffer attest simulate --seed 1 --tee tdx-v4 --out evidence',
      'coffer attest simulate --seed 1 --tee sgx-v3 --fault revoked-pck --out evidence',
    ],
    run: async (context, options) => (await import('./simulate.ts')).simulate(context, options),
  }),
]
