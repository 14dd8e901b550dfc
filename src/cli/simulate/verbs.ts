/** The verb `simulate`: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

export const simulateVerbs: readonly Verb[] = [
  verb({
    name: 'simulate',
    summary: 'Play a job with up to 1,024 made-up parties in this one process',
    description:
      'The real coordinator, aggregator and party agents with their certificates, attestation and policies, over a network ' +
      'in memory: for research on one machine. The parties of the job are replaced by sim-001, sim-002, ...; what else is ' +
      'changed in the job is printed. The TEE is SIMULATED and protects nothing. docs/simulation.md has the rules.',
    positionals: [{ name: 'JOB', description: 'The job spec, YAML or JSON.' }],
    options: {
      parties: { type: 'integer', value: 'N', description: 'How many parties; 2 to 1,024. Required.' },
      params: {
        type: 'integer',
        value: 'N',
        description:
          "Measure the system and not the learning: a model of about N parameters instead of the job's, and made-up " +
          'updates instead of training.',
      },
      drop: {
        type: 'string',
        value: 'P',
        default: '0',
        description: 'Each party is gone in each round with this probability, 0 up to 1; it comes back for the next.',
      },
      rounds: { type: 'integer', value: 'R', default: "the job's", description: 'How many training rounds.' },
      rows: {
        type: 'integer',
        value: 'N',
        default: '200',
        description: 'Generated rows of each party; 10 to 100,000.',
      },
      shift: {
        type: 'string',
        value: 'S',
        default: '0',
        description: 'How much the generated parties differ, in deviations of a column; 0 to 3.',
      },
      data: {
        type: 'string',
        value: 'FILE',
        description: 'CSV or Parquet with the columns of the job, split over the parties by a hash of the id.',
      },
      seed: { type: 'integer', value: 'S', default: "the job's", description: 'Of weights, shuffles, rows and drops.' },
      threads: {
        type: 'integer',
        value: 'N',
        default: 'the cores of this machine but one',
        description: 'Training threads that all parties share.',
      },
      backend: { type: 'string', choices: ['node', 'wasm', 'cpu'], description: 'Insist on a training backend.' },
      out: { type: 'string', value: 'DIR', description: 'Export the model into a new or empty directory.' },
    },
    examples: [
      'coffer simulate job.yaml --parties 300',
      'coffer simulate job.yaml --parties 100 --drop 0.2 --rounds 20 --json',
      'coffer simulate job.yaml --parties 1000 --params 10000',
    ],
    run: async (context, options, file) => (await import('./simulate.ts')).simulate(context, options, file),
  }),
]
