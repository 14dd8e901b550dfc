/**
 * One bank's customers: features drawn from the four latents, and the risk that follows from the features. The marginals
 * are those of a consumer-credit portfolio: log-normal money, logit-normal utilisation, Poisson counts, a rate that
 * follows the risk, months since the last delinquency that exist only after a delinquency.
 */
import type { Random } from '../../src/crypto/index.ts'
import type { BankProfile, Latent } from './profiles.ts'

export const homes = ['own', 'mortgage', 'rent', 'family'] as const
export const employments = ['salaried', 'public', 'self-employed', 'retired', 'none'] as const
export const purposes = ['car', 'home', 'consolidation', 'education', 'travel', 'other'] as const

/** NaN = missing. Money in the currency of the demo, months and counts whole, rates in percent. */
export interface Customer {
  readonly age: number
  readonly income: number
  readonly employment: (typeof employments)[number]
  readonly months_employed: number
  readonly home: (typeof homes)[number]
  readonly months_at_address: number
  readonly dependents: number
  readonly savings: number
  readonly purpose: (typeof purposes)[number]
  readonly amount: number
  readonly term_months: number
  readonly rate: number
  readonly instalment_share: number
  readonly credit_limit: number
  readonly utilisation: number
  readonly accounts: number
  readonly loans: number
  readonly oldest_account_months: number
  readonly inquiries_6m: number
  readonly delinquencies_24m: number
  readonly months_since_delinquency: number
  readonly bureau_score: number
  readonly overdraft_days: number
  readonly card_spend: number
}

export function drawLatent(random: Random, { clients }: BankProfile): Latent {
  const wealth = random.normal()
  const experience = random.normal()
  const appetite = random.normal()
  // The wealthy and the experienced are under pressure less often.
  const stress = 0.85 * random.normal() - 0.4 * wealth - 0.25 * experience
  return {
    stress: stress + clients.stress,
    wealth: wealth + clients.wealth,
    experience: experience + clients.experience,
    appetite: appetite + clients.appetite,
  }
}

export function drawCustomer(random: Random, latent: Latent, profile: BankProfile): Customer {
  const { stress, wealth, experience, appetite } = latent
  const noise = (scale: number) => scale * random.normal()
  const age = whole(18 + 62 * logistic(-0.45 + 0.75 * experience + noise(0.45)), 18, 80)
  const employment = drawEmployment(random, age, stress)
  const income = rounded(Math.exp(10.35 + 0.42 * wealth + 0.12 * experience + noise(0.28)), 100, 4_000, 500_000)
  const months_employed =
    employment === 'none' || employment === 'retired'
      ? Number.NaN
      : whole(Math.min(Math.exp(3.6 + 0.55 * experience - 0.15 * stress + noise(0.6)), (age - 16) * 12), 0, 600)
  const home = drawHome(random, wealth, age)
  const address = whole(Math.exp(3.7 + 0.4 * experience + (home === 'rent' ? -0.6 : 0) + noise(0.7)), 0, 720)
  const savings =
    random.uniform() < logistic(-1.2 + 0.6 * stress) ? 0 : Math.exp(8 + 0.9 * wealth - 0.4 * stress + noise(0.9))
  const amount = rounded(
    Math.exp(8.9 + 0.3 * Math.log(income / 30_000) + 0.3 * appetite + noise(0.55)),
    100,
    500,
    100_000,
  )
  const term_months = drawTerm(random, amount)
  const utilisation = percent(logistic(-0.7 + 0.6 * stress + 0.45 * appetite + noise(0.7)))
  const delinquencies_24m = poisson(random, Math.exp(-1.35 + 0.6 * stress - 0.1 * wealth + noise(0.4)), 12)
  const inquiries_6m = poisson(random, Math.exp(-0.3 + 0.25 * stress + 0.45 * appetite), 15)
  const risk = 0.5 * stress + 0.3 * Math.min(delinquencies_24m, 4) + 0.8 * (utilisation / 100) - 0.2 * experience
  const score = whole(690 - 62 * risk + 14 * wealth + noise(42), 300, 850)
  const rate = Math.min(Math.max(6.5 + 0.022 * (690 - score) + 0.02 * term_months + noise(0.9), 1.5), 29)
  const monthly = (amount * (rate / 1200)) / (1 - (1 + rate / 1200) ** -term_months)
  return {
    age,
    income,
    employment,
    months_employed,
    home,
    months_at_address: random.uniform() < profile.missing.address ? Number.NaN : address,
    dependents: poisson(random, Math.exp(-0.35 + 0.3 * Math.exp(-(((age - 40) / 12) ** 2))), 6),
    savings: rounded(savings, 10, 0, 2_000_000),
    purpose: drawPurpose(random, stress, age),
    amount,
    term_months,
    rate: decimal(rate),
    instalment_share: percent(Math.min((monthly * 12) / income, 1)),
    credit_limit: rounded(Math.exp(8.4 + 0.45 * wealth + 0.3 * appetite + noise(0.5)), 100, 200, 200_000),
    utilisation,
    accounts: 1 + poisson(random, Math.exp(1.1 + 0.25 * appetite + 0.2 * experience), 30),
    loans: poisson(random, Math.exp(-0.2 + 0.4 * appetite), 12),
    oldest_account_months: whole(Math.min(Math.exp(4.5 + 0.5 * experience + noise(0.4)), (age - 17) * 12), 1, 700),
    inquiries_6m,
    delinquencies_24m,
    months_since_delinquency: delinquencies_24m === 0 ? Number.NaN : whole(24 * random.uniform() ** 1.3, 0, 24),
    bureau_score: random.uniform() < profile.missing.score ? Number.NaN : score,
    overdraft_days: poisson(random, Math.exp(0.2 + 0.7 * stress + noise(0.5)), 90),
    card_spend: rounded((income / 12) * logistic(-1.2 + 0.4 * appetite + noise(0.5)), 10, 0, 50_000),
  }
}

function drawEmployment(random: Random, age: number, stress: number): Customer['employment'] {
  if (age >= 63 && random.uniform() < 0.8) return 'retired'
  if (random.uniform() < 0.06 * Math.exp(0.5 * stress)) return 'none'
  const u = random.uniform()
  return u < 0.68 ? 'salaried' : u < 0.84 ? 'public' : 'self-employed'
}

function drawHome(random: Random, wealth: number, age: number): Customer['home'] {
  if (random.uniform() < logistic(-1.4 + 0.8 * wealth + 0.03 * (age - 40))) {
    return random.uniform() < logistic(-0.8 + 0.06 * (age - 45)) ? 'own' : 'mortgage'
  }
  return random.uniform() < (age < 27 ? 0.4 : 0.12) ? 'family' : 'rent'
}

function drawTerm(random: Random, amount: number): number {
  const step = Math.round(Math.log2(amount / 2_000) + 1.2 * random.normal() + 1)
  return 12 * Math.min(Math.max(step, 1), 6)
}

function drawPurpose(random: Random, stress: number, age: number): Customer['purpose'] {
  if (random.uniform() < 0.18 * Math.exp(0.4 * stress)) return 'consolidation'
  if (age < 30 && random.uniform() < 0.15) return 'education'
  const u = random.uniform()
  return u < 0.38 ? 'car' : u < 0.62 ? 'home' : u < 0.74 ? 'travel' : 'other'
}

export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Knuth's product of uniforms: means here are small. */
function poisson(random: Random, mean: number, most: number): number {
  const limit = Math.exp(-Math.min(mean, 30))
  let product = random.uniform()
  let count = 0
  while (product > limit && count < most) {
    product *= random.uniform()
    count += 1
  }
  return count
}

function whole(value: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value), least), most)
}

function rounded(value: number, step: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value / step) * step, least), most)
}

/** Two decimals, exactly as the file has them. */
function decimal(value: number): number {
  return Math.round(value * 100) / 100
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10
}
