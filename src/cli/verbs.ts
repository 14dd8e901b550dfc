/** The table of verbs: parsing, help and docs/cli.md are made from it. In the order in which somebody meets them. */
import { collateralVerbs } from './attest/collateral-verbs.ts'
import { explainVerbs } from './attest/explain/verbs.ts'
import { measureVerbs } from './attest/measure-verbs.ts'
import { attestVerbs } from './attest/verbs.ts'
import { ledgerVerbs } from './ledger/verbs.ts'
import { modelVerifyVerb } from './lineage/verbs.ts'
import { policyVerbs } from './policy/verbs.ts'
import { simulateVerbs } from './simulate/verbs.ts'
import { verb, type Verb } from './verb.ts'

const dial = {
  coordinator: { type: 'string', value: 'HOST:PORT', default: "the home's", description: 'The coordinator to ask.' },
} as const

const limit = {
  limit: { type: 'integer', value: 'N', default: '50', description: 'At most this many, newest first; 1 to 500.' },
} as const

const RUN = { name: 'RUN', description: "The run's id, or its beginning (four characters or more)." }
const MODEL = { name: 'MODEL', description: "The model version's id, or its beginning (four characters or more)." }

export const verbs: readonly Verb[] = [
  verb({
    name: 'demo',
    summary: 'Show a whole federation of three banks on this machine',
    description:
      'Makes a federation, starts coordinator, aggregator and party agents as programs, runs one job, prints a table ' +
      '(each bank alone, federated, pooled) and leaves nothing running.',
    positionals: [],
    options: {
      data: {
        type: 'string',
        value: 'DIR',
        description: 'Every CSV or Parquet file in it is one party; else three banks are generated.',
      },
      id: { type: 'string', value: 'COLUMN', description: 'The column that identifies a row; with --data.' },
      label: { type: 'string', value: 'COLUMN', description: 'The column to predict, 0 or 1; with --data.' },
      holdout: {
        type: 'string',
        value: 'FILE',
        description: 'Rows that nobody trains on, to measure with; with --data.',
      },
      model: { type: 'string', choices: ['logistic', 'mlp'], default: 'mlp', description: 'What to train.' },
      rounds: { type: 'integer', value: 'N', description: 'How many training rounds.' },
      seed: { type: 'integer', value: 'N', description: 'For generated data, initial weights and shuffling.' },
    },
    examples: ['coffer demo', 'coffer demo --data banks --id customer --label default --holdout holdout.csv --json'],
    run: async (context, options) => (await import('./demo.ts')).runDemo(context, options),
  }),
  ...simulateVerbs,
  verb({
    name: 'init federation',
    summary: 'Make a federation: its root and the homes of coordinator, aggregator and first user',
    description:
      'Writes federation.yaml, root.pem, root.key.pem and the homes coordinator/, aggregator/ and users/admin/ into the ' +
      'home directory. Keep root.key.pem where only its holder reaches it: who has it can name anybody anything.',
    positionals: [
      { name: 'NAME', description: 'The name of the federation: a-z, 0-9 and -, beginning with a letter.' },
    ],
    options: {
      coordinator: {
        type: 'string',
        value: 'HOST:PORT',
        default: '127.0.0.1:7400',
        description: 'Where the others dial the coordinator.',
      },
      aggregator: {
        type: 'string',
        value: 'HOST:PORT',
        default: '127.0.0.1:7401',
        description: 'Where the others dial the aggregator.',
      },
      days: {
        type: 'integer',
        value: 'N',
        default: '365',
        description: 'How long the certificates of programs and users are valid.',
      },
      simulated: {
        type: 'boolean',
        description:
          'Its aggregator runs in a simulated TEE: for trying out and development, on any machine. It protects nothing.',
      },
    },
    examples: [
      'coffer init federation demo --simulated',
      'coffer init federation north --home north --coordinator fl.example.org:7400',
    ],
    run: async (context, options, name) =>
      (await import('./init/federation.ts')).initFederation(context, options, name),
  }),
  verb({
    name: 'init party',
    summary: "Make a party's home; for real use in two steps, so that the key never leaves the party",
    description:
      'On one machine: --federation DIR, and the certificate is signed on the spot. For real use: (1) the party runs it ' +
      'with --request and federation.yaml, and sends request.csr to the holder of the root; (2) the holder runs `coffer ' +
      'init sign`; (3) the party puts the certificate into the home with --certificate and --roots.',
    positionals: [{ name: 'NAME', description: 'The name of the party: a-z, 0-9 and -, beginning with a letter.' }],
    options: {
      federation: {
        type: 'string',
        value: 'PATH',
        description: "The federation's home, or with --request its federation.yaml.",
      },
      data: {
        type: 'strings',
        value: 'NAME=FILE',
        description: 'A dataset (CSV or Parquet) under the name job specs use. May be repeated.',
      },
      request: { type: 'boolean', description: 'Make only the key and a certificate request.' },
      certificate: { type: 'string', value: 'FILE', description: 'Put the signed certificate into the home.' },
      roots: { type: 'string', value: 'FILE', description: "The federation's root.pem; with --certificate." },
      days: {
        type: 'integer',
        value: 'N',
        default: '365',
        description: 'How long the certificate is valid; signed on the spot only.',
      },
    },
    examples: [
      'coffer init party bank-a --federation .coffer --data loans=bank-a.csv',
      'coffer init party bank-a --request --federation federation.yaml --home bank-a',
      'coffer init party bank-a --certificate bank-a.pem --roots root.pem --home bank-a',
    ],
    run: async (context, options, name) => (await import('./init/party.ts')).initParty(context, options, name),
  }),
  verb({
    name: 'init sign',
    summary: "Sign a party's certificate request; for the holder of the federation root",
    description: 'Compare the fingerprint it prints with the one that the party sees, by telephone or the like.',
    positionals: [{ name: 'REQUEST.csr', description: "The party's certificate request." }],
    options: {
      federation: {
        type: 'string',
        value: 'DIR',
        default: 'the home directory',
        description: "The federation's home with root.key.pem.",
      },
      name: {
        type: 'string',
        value: 'NAME',
        description: 'The party you mean to sign; a request of another name is refused. Required.',
      },
      out: { type: 'string', value: 'CERT.pem', description: 'Where the certificate goes. Required.' },
      days: { type: 'integer', value: 'N', default: '365', description: 'How long the certificate is valid.' },
    },
    examples: ['coffer init sign request.csr --name bank-a --federation .coffer --out bank-a.pem'],
    run: async (context, options, file) => (await import('./init/sign.ts')).initSign(context, options, file),
  }),
  verb({
    name: 'coordinator',
    summary: 'Run the coordinator: the control plane',
    positionals: [],
    options: {
      listen: {
        type: 'string',
        value: 'HOST:PORT',
        default: "the home's",
        description: 'Where to listen; port 0 takes a free one.',
      },
      aggregator: { type: 'string', value: 'HOST:PORT', default: "the home's", description: 'The aggregator to dial.' },
    },
    examples: ['coffer coordinator', 'coffer coordinator --home /etc/coffer --listen 0.0.0.0:7400'],
    run: async (context, options) => (await import('./programs.ts')).coordinator(context, options),
  }),
  verb({
    name: 'aggregator',
    summary: 'Run the aggregator: the program that sums',
    positionals: [],
    options: {
      listen: {
        type: 'string',
        value: 'HOST:PORT',
        default: "the home's",
        description: 'Where to listen; port 0 takes a free one.',
      },
      'allow-plain': { type: 'boolean', description: 'Accept the summation `plain`, which is for benchmarks only.' },
    },
    examples: ['coffer aggregator'],
    run: async (context, options) => (await import('./programs.ts')).aggregator(context, options),
  }),
  verb({
    name: 'party',
    summary: 'Run the party agent (client, site): trains on data that stays here',
    positionals: [],
    options: {
      ...dial,
      aggregator: { type: 'string', value: 'HOST:PORT', default: "the home's", description: 'The aggregator to dial.' },
    },
    examples: ['coffer party --home .coffer/parties/bank-a'],
    run: async (context, options) => (await import('./programs.ts')).party(context, options),
  }),
  verb({
    name: 'run submit',
    summary: 'Submit a job spec; prints the id of its run',
    positionals: [{ name: 'FILE', description: 'The job spec, YAML or JSON.' }],
    options: { ...dial, watch: { type: 'boolean', description: 'Watch the run to its end.' } },
    examples: ['coffer run submit job.yaml --watch'],
    run: async (context, options, file) => (await import('./runs.ts')).submit(context, options, file),
  }),
  verb({
    name: 'run list',
    summary: 'List runs, newest first',
    positionals: [],
    options: { ...dial, ...limit },
    examples: ['coffer run list', 'coffer run list --json'],
    run: async (context, options) => (await import('./runs.ts')).list(context, options),
  }),
  verb({
    name: 'run show',
    summary: 'Show one run: state, parties, metrics',
    positionals: [RUN],
    options: { ...dial },
    examples: ['coffer run show 3f9c'],
    run: async (context, options, run) => (await import('./runs.ts')).show(context, options, run),
  }),
  verb({
    name: 'run watch',
    summary: 'Watch a run to its end; a live view in a terminal, else a line per event',
    description:
      'Ctrl-C ends the watching, not the run. With --json: the run as `run show` prints it, once it has ended.',
    positionals: [RUN],
    options: { ...dial },
    examples: ['coffer run watch 3f9c'],
    run: async (context, options, run) => (await import('./watch.ts')).watch(context, options, run),
  }),
  verb({
    name: 'run stop',
    summary: 'Stop a run; it releases no further sum',
    positionals: [RUN],
    options: {
      ...dial,
      reason: { type: 'string', value: 'TEXT', default: 'stopped by USER', description: "For the run's history." },
    },
    examples: ['coffer run stop 3f9c --reason "wrong label column"'],
    run: async (context, options, run) => (await import('./runs.ts')).stop(context, options, run),
  }),
  verb({
    name: 'model list',
    summary: 'List model versions, newest first',
    positionals: [],
    options: { ...dial, ...limit },
    examples: ['coffer model list'],
    run: async (context, options) => (await import('./models.ts')).list(context, options),
  }),
  verb({
    name: 'model export',
    summary:
      'Write a model version as TensorFlow.js layers model and safetensors, with what proves where it comes from',
    positionals: [MODEL],
    options: { ...dial, out: { type: 'string', value: 'DIR', description: 'A new or empty directory. Required.' } },
    examples: ['coffer model export 7b21 --out credit-model'],
    run: async (context, options, model) => (await import('./models.ts')).exportVersion(context, options, model),
  }),
  modelVerifyVerb,
  verb({
    name: 'model evaluate',
    summary: 'Measure a model version on a file of labelled rows',
    positionals: [MODEL],
    options: {
      ...dial,
      data: {
        type: 'string',
        value: 'FILE',
        description: "CSV or Parquet with the columns of the model's data contract. Required.",
      },
    },
    examples: ['coffer model evaluate 7b21 --data holdout.csv'],
    run: async (context, options, model) => (await import('./models.ts')).evaluate(context, options, model),
  }),
  ...ledgerVerbs,
  verb({
    name: 'doctor',
    summary: 'Check a home directory and everything it needs to reach, and say what to do',
    positionals: [],
    options: { ...dial },
    examples: ['coffer doctor', 'coffer doctor --home .coffer/parties/bank-a'],
    run: async (context, options) => (await import('./doctor/index.ts')).doctor(context, options),
  }),
  verb({
    name: 'job check',
    summary: 'Validate a job spec and print its digest',
    positionals: [{ name: 'FILE', description: 'The job spec, YAML or JSON.' }],
    options: {},
    examples: ['coffer job check job.yaml'],
    run: async (context, _options, file) => (await import('./job.ts')).check(context, file),
  }),
  ...attestVerbs,
  ...explainVerbs,
  ...collateralVerbs,
  ...measureVerbs,
  ...policyVerbs,
]
