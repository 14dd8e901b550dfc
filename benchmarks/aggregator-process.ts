/** An aggregator in a process of its own, and a federation made for one measurement around it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAppraiser, type Records } from '../parties/index.ts'
import { sha256, toHex } from '../src/crypto/index.ts'
import { type Connection, grpcNetwork, type Identity, type Role } from '../src/rpc/index.ts'
import { createTestAttestation } from '../test/support/attestation.ts'
import { createAuthority } from '../test/support/identities.ts'
import type { LoopUsage } from './loop-watch.ts'

const CHILD = fileURLToPath(new URL('./aggregator-child.ts', import.meta.url))
/** Of the simulated TEE, here and in the child. */
export const SEED = 'benchmark'
const KEYS_AT_ONCE = 16

export interface AggregatorOptions {
  readonly federation: string
  readonly identity: Identity
  readonly policy: { readonly digest: string; readonly version: number }
  /** What the TEE takes for a quote. */
  readonly quoteMs: number
  /** Where runs are kept over a restart; without it they are not. */
  readonly stateDirectory?: string
}

/** Since the process began, but for what is resident now, and for the event loop: since the question before. */
export interface Usage extends LoopUsage {
  readonly cpuMs: number
  /** Of that, the thread of the event loop. */
  readonly loopCpuMs: number
  /** And the threads of the runs' engines. */
  readonly engineCpuMs: number
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
      child.kill('SIGKILL')
      await exit
    },
  }
}

export interface Federation extends AsyncDisposable {
  /** A connection that whoever asks for it closes. */
  dial(role: Role, name: string): Connection
  /** One that lasts as long as the federation. */
  connect(role: Role, name: string): Connection
  usage(): Promise<Usage>
  /** The aggregator dies, and another process takes up what it had on its disk. Connections have to be made anew. */
  restart(): Promise<void>
}

/** The aggregator, which keeps its runs on the disk, a coordinator `bench`, and parties that attest it. */
export async function startFederation(parties: readonly string[]): Promise<Federation> {
  const federation = 'benchmark'
  const { issue, rootPem } = await createAuthority(federation)
  const attestation = await createTestAttestation(federation, rootPem, SEED)
  const { policy, signed, collateral } = attestation
  const identities = new Map([['coordinator/bench', await issue('coordinator', 'bench')]])
  const issued = await eachOf(parties, KEYS_AT_ONCE, (party) => issue('party', party))
  for (const [i, own] of issued.entries()) identities.set(`party/${parties[i]}`, own)
  const identity = await issue('aggregator', 'bench')
  const stateDirectory = await mkdtemp(join(tmpdir(), 'coffer-benchmark-'))
  const start = () => startAggregatorProcess({ federation, identity, policy, quoteMs: 0, stateDirectory })
  let aggregator = await start()
  const connections: Connection[] = []
  const dial = (role: Role, name: string) => {
    const own = identities.get(`${role}/${name}`)
    if (!own) throw new Error(`no identity was made for ${role} ${name}`)
    const terms = { federation, rootsPem: rootPem, policy: signed, collateral, records: unwritten, now: Date.now, log }
    const attested = role === 'party' && { appraiser: createAppraiser(terms) }
    return grpcNetwork.connect({ address: aggregator.address, identity: own, role: 'aggregator', ...attested })
  }
  return {
    dial,
    connect(role, name) {
      const connection = dial(role, name)
      connections.push(connection)
      return connection
    },
    usage: () => aggregator.usage(),
    async restart() {
      await aggregator[Symbol.asyncDispose]()
      aggregator = await start()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()))
      await aggregator[Symbol.asyncDispose]()
      await attestation[Symbol.asyncDispose]()
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}

const quiet = () => undefined
const log = { info: quiet, warn: quiet, error: quiet }

/** A thousand parties have a thousand disks. */
export const unwritten: Records = {
  keep: async (bytes) => toHex(sha256(bytes)),
  keepRefused: async (bytes) => toHex(sha256(bytes)),
  write: async () => '',
}

/** In the order of the inputs; as soon as one is done the next begins. */
export async function eachOf<In, Out>(
  inputs: readonly In[],
  atOnce: number,
  make: (input: In, i: number) => Promise<Out>,
): Promise<Out[]> {
  const made: Out[] = []
  const waiting = inputs.entries()
  const work = async () => {
    for (const [i, input] of waiting) made[i] = await make(input, i)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return made
}
