/** What an agent works with: its options, the services it talks to, and what its runs share. */
import type { ClientCall, PartyApi, RoundApi } from '../../src/rpc/index.ts'
import type { Witness } from '../ledger/index.ts'
import type { States } from '../state/index.ts'
import type { PartyOptions } from './agent.ts'
import type { RunAtParty } from './run-at-party.ts'

export interface Desk extends Omit<PartyOptions, 'witness'> {
  readonly parties: PartyApi<ClientCall>
  readonly rounds: RoundApi<ClientCall>
  readonly states: States
  readonly witness: Witness | undefined
  /** The run is over for this party: its data and threads are let go. */
  readonly forget: (run: RunAtParty) => void
  /** For work that holds a whole dataset in memory. */
  readonly oneAtATime: <T>(work: () => Promise<T>) => Promise<T>
}
