/** The data contract of the generated portfolio; its columns are those of the files, in their order. */
import type { DataContract } from '../../src/job/index.ts'
import { type Customer, employments, homes, purposes } from './customers.ts'

type FeatureColumn = DataContract['features'][number]
type Missing = Extract<FeatureColumn, { type: 'number' }>['missing']

const number = (minimum: number, maximum: number, missing: Missing = 'refuse') =>
  ({ type: 'number', minimum, maximum, missing, outside: 'refuse' }) as const
const category = (listed: readonly string[]) => {
  const values = [...listed]
  return { type: 'category' as const, values, missing: 'refuse' as const, other: 'refuse' as const }
}

/** Typed by the customer, so that a column cannot be forgotten. The generator keeps within these ranges. */
const columns = {
  age: number(18, 80),
  income: number(4_000, 500_000),
  employment: category(employments),
  months_employed: number(0, 600, 'indicator'),
  home: category(homes),
  months_at_address: number(0, 720, 'mean'),
  dependents: number(0, 6),
  savings: number(0, 2_000_000),
  purpose: category(purposes),
  amount: number(500, 100_000),
  term_months: number(12, 72),
  rate: number(1, 30),
  instalment_share: number(0, 100),
  credit_limit: number(200, 200_000),
  utilisation: number(0, 100),
  accounts: number(0, 40),
  loans: number(0, 12),
  oldest_account_months: number(0, 720),
  inquiries_6m: number(0, 15),
  delinquencies_24m: number(0, 12),
  months_since_delinquency: number(0, 24, 'indicator'),
  bureau_score: number(300, 850, 'indicator'),
  overdraft_days: number(0, 90),
  card_spend: number(0, 50_000),
} satisfies Record<keyof Customer, unknown>

export const portfolioColumns: readonly (keyof Customer)[] = Object.keys(columns).filter(
  (name): name is keyof Customer => Object.hasOwn(columns, name),
)

/** `dataset`: its name in the policies of the parties. The label is 1 for a customer who defaulted. */
export function portfolioContract(dataset = 'customers'): DataContract {
  const features = Object.entries(columns).map(([name, column]) => ({ name, ...column }))
  return { dataset, id: 'customer', label: 'defaulted', positive: 1, features, holdout: 0.2 }
}
