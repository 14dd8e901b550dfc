/** An aggregator in a process of its own, and a federation made for one measurement around it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Connection, grpcNetwork, type Identity, type Role } from '../src/rpc/index.ts'
import { createTestAttestation } from '../test/support/attestation.ts'
import { createAuthority } from '../test/support/identities.ts'

const CHILD = fileURLToPath(new URL('./aggregator-child.ts', import.meta.url))
/** Of the simulated TEE, here and in the child. */
export const SEED = 'benchmark'

export interface AggregatorOptions {
  readonly federation: string
  readonly identity: Identity
  readonly policy: { readonly digest: string; readonly version: number }
  /** What the TEE takes for a quote. */
  readonly quoteMs: number
}

/** Since the process began, but for what is resident now. */
export interface Usage {
  readonly cpuMs: number
  readonly peakBytes: number
  readonly residentBytes: number
  readonly quotes: number
}

export interface AggregatorProcess extends AsyncDisposable {
  readonly address: string
  usage(): Promise<Usage>
}

export async function startAggregatorProcess(options: AggregatorOptions): Promise<AggregatorProcess> {
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const { identity } = options
  child.send({ ...options, seed: SEED, identity: { ...identity, keyPem: identity.keyPem.reveal() } })
  const [{ address }] = await once(child, 'message')
  return {
    address,
    async usage() {
      child.send('usage')
      const [usage] = await once(child, 'message')
      return usage
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}

export interface Federation extends AsyncDisposable {
  connect(role: Role, name: string): Connection
  usage(): Promise<Usage>
}

/** The aggregator, a coordinator `bench`, and parties that attest it. */
export async function startFederation(parties: readonly string[]): Promise<Federation> {
  const federation = 'benchmark'
  const { issue, rootPem } = await createAuthority(federation)
  const attestation = await createTestAttestation(federation, rootPem, SEED)
  const { policy } = attestation
  const identities = new Map([['coordinator/bench', await issue('coordinator', 'bench')]])
  for (const party of parties) identities.set(`party/${party}`, await issue('party', party))
  const identity = await issue('aggregator', 'bench')
  const aggregator = await startAggregatorProcess({ federation, identity, policy, quoteMs: 0 })
  const connections: Connection[] = []
  return {
    connect(role, name) {
      const identity = identities.get(`${role}/${name}`)
      if (!identity) throw new Error(`no identity was made for ${role} ${name}`)
      const attested = role === 'party' && { appraiser: attestation.appraiser(name) }
      const { address } = aggregator
      const connection = grpcNetwork.connect({ address, identity, role: 'aggregator', ...attested })
      connections.push(connection)
      return connection
    },
    usage: () => aggregator.usage(),
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()))
      await aggregator[Symbol.asyncDispose]()
      await attestation[Symbol.asyncDispose]()
    },
  }
}
