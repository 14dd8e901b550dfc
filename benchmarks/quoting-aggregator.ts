/** An aggregator in a process of its own whose TEE takes as long for a quote as hardware does. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Identity } from '../src/rpc/index.ts'

const CHILD = fileURLToPath(new URL('./quoting-aggregator-child.ts', import.meta.url))

export interface QuotingAggregatorOptions {
  readonly federation: string
  readonly identity: Identity
  /** Of the simulated TEE. */
  readonly seed: string
  readonly policy: { readonly digest: string; readonly version: number }
  readonly quoteMs: number
}

/** Since the process began, but for what is resident now. */
export interface Usage {
  readonly cpuMs: number
  readonly peakBytes: number
  readonly residentBytes: number
  readonly quotes: number
}

export interface QuotingAggregator extends AsyncDisposable {
  readonly address: string
  usage(): Promise<Usage>
}

export async function startQuotingAggregator(options: QuotingAggregatorOptions): Promise<QuotingAggregator> {
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const { identity } = options
  child.send({ ...options, identity: { ...identity, keyPem: identity.keyPem.reveal() } })
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
