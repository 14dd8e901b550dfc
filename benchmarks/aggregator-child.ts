/** The child of aggregator-process.ts: one aggregator that accepts `plain`, and tells what it used when asked. */
import { Secret } from '../src/crypto/index.ts'
import { startAggregator } from '../src/aggregator/index.ts'
import { grpcNetwork, type Identity } from '../src/rpc/index.ts'
import { simulatedAttester } from '../test/support/attestation.ts'

const quiet = () => undefined
const log = {
  info: quiet,
  warn: quiet,
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
}

/** The key travels from the parent as text. */
interface Sent {
  readonly federation: string
  readonly identity: Omit<Identity, 'keyPem'> & { readonly keyPem: string }
  /** Of the simulated TEE. */
  readonly seed: string
  readonly policy: { readonly digest: string; readonly version: number }
}

process.on('message', async (message: 'usage' | Sent) => {
  if (message === 'usage') {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    process.send?.({ peakBytes: maxRSS * 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 })
    return
  }
  const { federation, policy, seed } = message
  const identity: Identity = { ...message.identity, keyPem: new Secret(message.identity.keyPem) }
  const options = { federation, identity, listen: '127.0.0.1:0', network: grpcNetwork, now: Date.now, log }
  const { address } = await startAggregator({ ...options, policy, attester: simulatedAttester(seed), allowPlain: true })
  process.send?.({ address })
})
