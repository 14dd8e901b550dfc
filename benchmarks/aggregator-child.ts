/**
 * The child of aggregator-process.ts: one aggregator that accepts `plain`, whose quotes take as long as told. It tells
 * what it used when asked, and watches its event loop from one question to the next.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { limitGarbage, startAggregator } from '../src/aggregator/index.ts'
import { Secret } from '../src/crypto/index.ts'
import { grpcNetwork, type Identity } from '../src/rpc/index.ts'
import type { Attester } from '../src/tee/index.ts'
import { simulatedAttester } from '../test/support/attestation.ts'
import { LoopWatch, newThreadsCpuMs, peakBytes, threadCpuMs, threads } from './loop-watch.ts'

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
  readonly quoteMs: number
  readonly stateDirectory?: string
}

limitGarbage()
let quotes = 0
/** Before there is a run. */
let without: readonly string[] = []
const watch = new LoopWatch()

process.on('disconnect', () => process.exit())
process.on('message', async (message: 'usage' | Sent) => {
  if (message === 'usage') {
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    const cpuMs = (userCPUTime + systemCPUTime) / 1000
    const resident = { peakBytes: peakBytes(), residentBytes: process.memoryUsage.rss() }
    const engineCpuMs = newThreadsCpuMs(without)
    process.send?.({ cpuMs, loopCpuMs: threadCpuMs(), engineCpuMs, ...resident, ...watch.stop(), quotes })
    watch.start()
    return
  }
  const { federation, policy, seed, quoteMs, stateDirectory } = message
  const simulated = simulatedAttester(seed)
  const attester: Attester = {
    name: simulated.name,
    async quote(reportData, signal) {
      quotes += 1
      await pause(quoteMs, undefined, { signal })
      return simulated.quote(reportData, signal)
    },
  }
  const identity: Identity = { ...message.identity, keyPem: new Secret(message.identity.keyPem) }
  const options = { federation, identity, listen: '127.0.0.1:0', network: grpcNetwork, now: Date.now, log }
  const kept = stateDirectory === undefined ? {} : { stateDirectory }
  const { address } = await startAggregator({ ...options, policy, attester, allowPlain: true, ...kept })
  without = threads()
  process.send?.({ address })
})
