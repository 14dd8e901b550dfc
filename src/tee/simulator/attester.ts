/** The simulator behind the interface of every platform. */
import type { Attester } from '../attester.ts'
import type { QuoteRequest, SimulatedPlatform } from './platform.ts'

/** `measurements`: what the simulated enclave or TD measures, the simulator's own where absent. */
export function createSimulatedAttester(platform: SimulatedPlatform, measurements?: QuoteRequest['body']): Attester {
  return {
    name: `simulated ${platform.tee}`,
    async quote(reportData, signal) {
      signal.throwIfAborted()
      return platform.quote({ reportData, ...(measurements === undefined ? {} : { body: measurements }) })
    },
  }
}
