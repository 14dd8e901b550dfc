/** What an explanation is about: evidence, what it was judged by, and what came out. */
import {
  type Collateral,
  namesSimulation,
  type Quote,
  type Reason,
  type ReferenceValues,
  type Verdict,
} from '../../../attestation/index.ts'

/** Reference values under the name by which a person knows them. */
export interface Demand {
  readonly name: string
  readonly values: ReferenceValues
}

export interface Judgement {
  readonly quote: Quote
  /** Size of the file or message, with its padding. */
  readonly size: number
  /** Present where the evidence is genuine. */
  readonly verdict?: Verdict
  readonly reasons: readonly Reason[]
  /** Everything of it must be satisfied; empty where nothing was given to compare with. */
  readonly demands: readonly Demand[]
  readonly collateral?: Collateral
  readonly now?: Date
  readonly eventLog?: Uint8Array
  /** What the quote has to carry, 64 bytes in hexadecimal. */
  readonly reportData?: string
}

/** The root says that it is no hardware; where nothing is established, the root that the quote itself brings. */
export const isSimulated = ({ verdict, quote }: Pick<Judgement, 'verdict' | 'quote'>): boolean =>
  verdict?.simulated ?? namesSimulation(quote.chain[2].commonName)
