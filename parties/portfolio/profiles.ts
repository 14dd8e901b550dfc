/** The three banks of the demo: how many customers, how many default, who they are, what is not known about them. */

/** What a customer is like and nobody records: four standard Gaussians, shifted by bank. */
export interface Latent {
  /** Under financial pressure. */
  readonly stress: number
  readonly wealth: number
  /** Years in life, job and credit. */
  readonly experience: number
  /** For credit. */
  readonly appetite: number
}

export interface BankProfile {
  /** The name of the party and of its file. */
  readonly name: string
  /** Share of all customers; the shares add up to 1. */
  readonly share: number
  /** Expected share of defaults, 0.005 to 0.5. */
  readonly defaultRate: number
  /** Mean of each latent among the bank's customers. */
  readonly clients: Latent
  /** Deviation of the bank's credit effects from those of all banks, relative. */
  readonly difference: number
  /** Share of customers without a bureau score; without known months at the address. */
  readonly missing: { readonly score: number; readonly address: number }
}

/** A large retail bank, a middle-sized lender to the young and risky, and a small bank for the wealthy. */
export const demoBanks: readonly BankProfile[] = [
  {
    name: 'bank-a',
    share: 0.6,
    defaultRate: 0.09,
    clients: { stress: 0, wealth: 0, experience: 0.1, appetite: 0 },
    difference: 0.2,
    missing: { score: 0.06, address: 0.02 },
  },
  {
    name: 'bank-b',
    share: 0.28,
    defaultRate: 0.15,
    clients: { stress: 0.4, wealth: -0.4, experience: -0.6, appetite: 0.4 },
    difference: 0.3,
    missing: { score: 0.2, address: 0.12 },
  },
  {
    name: 'bank-c',
    share: 0.12,
    defaultRate: 0.05,
    clients: { stress: -0.3, wealth: 0.6, experience: 0.5, appetite: -0.2 },
    difference: 0.3,
    missing: { score: 0.03, address: 0.08 },
  },
]
