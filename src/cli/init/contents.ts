/** The texts of the files that `coffer init` writes. Names are checked before, paths are quoted as JSON strings. */
import { hostOf, isLoopback, portOf } from '../address.ts'
import type { FederationConfig } from '../home.ts'

/** Where to listen to be reached at an address: only from this machine where the address is this machine's. */
const listenAt = (address: string): string => (isLoopback(hostOf(address)) ? address : `0.0.0.0:${portOf(address)}`)

export const federationYaml = ({ federation, coordinator, aggregator }: FederationConfig): string =>
  `# The federation, as everybody in it may know it. Give this file and root.pem to the parties.
federation: ${federation}
# Where the others dial.
coordinator: '${coordinator}'
aggregator: '${aggregator}'
`

export const coordinatorYaml = ({ federation, coordinator, aggregator }: FederationConfig): string =>
  `federation: ${federation}
role: coordinator
name: coordinator
listen: '${listenAt(coordinator)}'
# The aggregator that runs are given to.
aggregator: '${aggregator}'
# sqlite:PATH, relative to this directory, or postgres://USER@HOST/DATABASE
store: sqlite:coordinator.db
`

export const aggregatorYaml =
  (tee: 'auto' | 'simulated') =>
  ({ federation, aggregator }: FederationConfig): string =>
    `federation: ${federation}
role: aggregator
name: aggregator
listen: '${listenAt(aggregator)}'
# What it attests itself with: auto (whatever this machine has), tdx, gramine, occlum; simulated protects nothing.
tee: ${tee}
# Signed by the organisations of the federation; the parties hold to their own copy.
attestationPolicy: attestation-policy.json
# Runs are kept here, sealed, so that they go on after a restart; relative to this directory.
state: state
`

export const userYaml = ({ federation, coordinator }: FederationConfig, name: string): string =>
  `federation: ${federation}
role: user
name: ${name}
coordinator: '${coordinator}'
`

export type Datasets = Readonly<Record<string, string>>

export function partyYaml(
  { federation, coordinator, aggregator }: FederationConfig,
  name: string,
  datasets: Datasets,
  /** A file with collateral in the home, where the federation came with one. */
  bundle: string | undefined,
): string {
  const rows = Object.entries(datasets).map(([dataset, path]) => `\n  ${dataset}: ${JSON.stringify(path)}`)
  return `federation: ${federation}
role: party
name: ${name}
# This party only dials out, to these two.
coordinator: '${coordinator}'
aggregator: '${aggregator}'
# Which aggregator is believed: the federation's signed policy, and with \`overlay: FILE\` your own stricter rules.
attestation:
  policy: attestation-policy.json
  # What quotes are judged with: a cache service of your own (service: URL), or a file (bundle: FILE) and no network.
  ${bundle === undefined ? "# Without either line it is fetched from Intel.\n  # collateral: { service: 'https://pccs.example.org:8081' }" : `collateral: { bundle: ${bundle} }`}
# What may be computed on the data below.
policy: policy.yaml
# Name in job specs -> CSV or Parquet file, relative to this directory.
datasets:${rows.length === 0 ? ' {}' : rows.join('')}
# What trains: node, wasm or cpu; without this line the fastest that is installed.
# backend: wasm
`
}

export function policyYaml(datasets: readonly string[]): string {
  const entry = (dataset: string) => `  ${dataset}:
    # '*' or a list: only these columns may be used, as feature, label or id.
    columns: '*'
    # A job that would train on fewer rows is declined.
    minimumRows: 100
`
  return `# What this party lets be computed on its data. A job that breaks any rule is declined, with all reasons.
# Change it and start the party agent again.

# logistic, mlp; layers (any TensorFlow.js topology) says less about what a model may remember: add it knowingly.
models: [logistic, mlp]

# The datasets that jobs may name; their files stand in coffer.yaml.
datasets:${datasets.length === 0 ? ' {}' : `\n${datasets.map(entry).join('').trimEnd()}`}

# More rounds and epochs say more about the rows that are trained on.
maximumRounds: 500
maximumEpochs: 20

# How updates are summed: tee (in the aggregator). plain is for benchmarks.
summations: [tee]

# A sum of fewer parties than this says too much about each. At least 2.
minimumParties: 2
`
}
