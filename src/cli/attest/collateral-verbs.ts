/** The verbs that fetch, merge and show collateral: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const collateralVerbs: readonly Verb[] = [
  verb({
    name: 'attest collateral fetch',
    summary: 'Fetch the collateral of one platform from Intel or a PCCS into a file',
    description:
      'CRLs, TCB info and QE identity with their chains, as `attest verify` reads them. For the platform of a quote, or ' +
      'for one named by --tee, --fmspc and --ca. Only the form is checked here; `attest verify` judges signatures.',
    positionals: [],
    options: {
      quote: { type: 'string', value: 'FILE', description: 'A quote of the platform.' },
      tee: { type: 'string', choices: ['sgx', 'tdx'], description: 'The kind of TEE, where there is no quote.' },
      fmspc: { type: 'string', value: 'HEX', description: 'The family of platforms: 6 bytes.' },
      ca: {
        type: 'string',
        choices: ['processor', 'platform'],
        description: 'Which authority certified the platform; servers that can do TDX have platform.',
      },
      service: {
        type: 'string',
        value: 'URL',
        default: "Intel's",
        description: 'A PCS or PCCS; https, or plain http to this machine.',
      },
      'service-ca': {
        type: 'string',
        value: 'FILE.pem',
        default: 'the usual ones',
        description: 'The authority of the TLS certificate of the service.',
      },
      'root-crl': {
        type: 'string',
        value: 'URL',
        default: "the service's",
        description: "Where the root's revocation list is.",
      },
      out: { type: 'string', value: 'FILE', default: 'collateral.json', description: 'A new file.' },
    },
    examples: [
      'coffer attest collateral fetch --quote quote.bin --service https://pccs.example.org:8081 --service-ca pccs.pem',
      'coffer attest collateral fetch --tee tdx --fmspc 50806F000000 --ca platform --out collateral.json',
    ],
    run: async (context, options) => (await import('./collateral.ts')).fetch(context, options),
  }),
  verb({
    name: 'attest collateral bundle',
    summary: 'Merge collateral files into one offline bundle',
    description:
      'For banks without internet: fetch where there is internet, merge, carry the one file over. Of two files for the ' +
      'same platform the newer one stays. Bundles can be merged again.',
    positionals: [
      { name: 'COLLATERAL...', description: 'Files that `attest collateral fetch` wrote, or bundles.', many: true },
    ],
    options: { out: { type: 'string', value: 'FILE', description: 'A new file. Required.' } },
    examples: ['coffer attest collateral bundle --out bundle.json tdx.json sgx.json'],
    run: async (context, options, ...files) => (await import('./collateral.ts')).bundle(context, options, files),
  }),
  verb({
    name: 'attest collateral show',
    summary: 'Show what is in collateral or a bundle, and until when it can be used',
    description: 'As the documents say of themselves, before any verification. Exit code 1 when something has expired.',
    positionals: [{ name: 'FILE', description: 'A collateral file or a bundle.' }],
    options: {
      at: { type: 'string', value: 'ISO-TIME', default: 'now', description: 'The time to judge expiry by.' },
    },
    examples: ['coffer attest collateral show bundle.json --at 2026-07-01T00:00:00Z'],
    run: async (context, options, file) => (await import('./collateral.ts')).show(context, options, file),
  }),
]
