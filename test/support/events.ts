/** Events that tests make up: what an aggregator says of itself at the start of a run. */
import type { RunEventBody } from '../../src/round/index.ts'

/** Well-formed, and evidence of nothing. */
export const attestedEvent = (tee: string): Extract<RunEventBody, { kind: 'attested' }> => ({
  kind: 'attested',
  tee,
  epoch: '0e'.repeat(16),
  receiptKey: `302a300506032b6570032100${'5a'.repeat(32)}`,
  evidence: { quote: Uint8Array.of(1), eventLog: new Uint8Array(0), statement: Uint8Array.of(2) },
})
