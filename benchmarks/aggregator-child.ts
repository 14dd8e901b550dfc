/** The child of aggregator-process.ts: one aggregator that accepts `plain`, and tells what it used when asked. */
import { startAggregator } from '../src/aggregator/index.ts'
import { grpcNetwork, type Identity } from '../src/rpc/index.ts'

const quiet = () => undefined
const log = {
  info: quiet,
  warn: quiet,
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
}

process.on('message', async (message: 'usage' | { federation: string; identity: Identity }) => {
  if (message === 'usage') {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    process.send?.({ peakBytes: maxRSS * 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 })
    return
  }
  const { federation, identity } = message
  const options = { federation, identity, listen: '127.0.0.1:0', network: grpcNetwork, now: Date.now, log }
  const { address } = await startAggregator({ ...options, allowPlain: true })
  process.send?.({ address })
})
