/** An aggregator in a process of its own, and connections to it in any role: a federation made for one measurement. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  type Connection,
  createRequest,
  createRoot,
  grpcNetwork,
  type Identity,
  type Role,
  signRequest,
} from '../src/rpc/index.ts'

import { createTestAttestation } from '../test/support/attestation.ts'

const CHILD = fileURLToPath(new URL('./aggregator-child.ts', import.meta.url))

export interface Usage {
  readonly peakBytes: number
  readonly cpuMs: number
}

export interface AggregatorProcess extends AsyncDisposable {
  connect(role: Role, name: string): Connection
  usage(): Promise<Usage>
}

export async function startAggregatorProcess(parties: readonly string[]): Promise<AggregatorProcess> {
  const federation = 'benchmark'
  const now = new Date()
  const root = await createRoot({ federation, now, days: 1 })
  const seed = 'benchmark'
  const attestation = await createTestAttestation(federation, root.certificatePem, seed)
  const identify = async (role: Role, name: string): Promise<Identity> => {
    const { csrPem, keyPem } = await createRequest({ federation, role, name })
    const certificatePem = await signRequest({
      rootCertificatePem: root.certificatePem,
      rootKeyPem: root.keyPem,
      csrPem,
      expect: { federation, role, name },
      hosts: ['127.0.0.1'],
      now,
      days: 1,
    })
    return { certificatePem, keyPem, rootsPem: root.certificatePem }
  }
  const identities = new Map<string, Identity>([['coordinator/bench', await identify('coordinator', 'bench')]])
  for (const party of parties) identities.set(`party/${party}`, await identify('party', party))

  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const { keyPem, ...identity } = await identify('aggregator', 'bench')
  child.send({ federation, seed, policy: attestation.policy, identity: { ...identity, keyPem: keyPem.reveal() } })
  const [{ address }] = await once(child, 'message')
  const connections: Connection[] = []
  return {
    connect(role, name) {
      const identity = identities.get(`${role}/${name}`)
      if (!identity) throw new Error(`no identity was made for ${role} ${name}`)
      const attested = role === 'party' && { appraiser: attestation.appraiser(name) }
      const connection = grpcNetwork.connect({ address, identity, role: 'aggregator', ...attested })
      connections.push(connection)
      return connection
    },
    async usage() {
      child.send('usage')
      const [usage] = await once(child, 'message')
      return usage
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()))
      const exit = once(child, 'exit')
      child.kill()
      await exit
      await attestation[Symbol.asyncDispose]()
    },
  }
}
