/** The portfolio as files: one CSV for each bank and holdout.csv, as if each bank had exported its own. */
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { portfolioColumns, portfolioContract } from './contract.ts'
import { type Customers, type Portfolio, type PortfolioOptions, portfolio } from './portfolio.ts'

export interface WrittenPortfolio {
  readonly files: readonly { readonly name: string; readonly path: string; readonly rows: number }[]
  readonly holdout: string
  readonly ceilingAuc: number
}

/** Rows in one write; about 1 MiB. */
const ROWS_AT_ONCE = 8_192

/** Writes <bank>.csv for each bank and holdout.csv; files of these names are replaced. Throws PORTFOLIO_INVALID. */
export async function writePortfolio(directory: string, options: PortfolioOptions): Promise<WrittenPortfolio> {
  const made: Portfolio = portfolio(options)
  await mkdir(directory, { recursive: true })
  const files: { name: string; path: string; rows: number }[] = []
  for (const bank of made.banks) {
    files.push({ name: bank.name, path: await writeCsv(directory, bank), rows: bank.ids.length })
  }
  return { files, holdout: await writeCsv(directory, made.holdout), ceilingAuc: made.ceilingAuc }
}

async function writeCsv(directory: string, customers: Customers): Promise<string> {
  const path = join(directory, `${customers.name}.csv`)
  const file = await open(path, 'w')
  try {
    for (let from = 0; from < customers.ids.length; from += ROWS_AT_ONCE) {
      await file.appendFile(csvText(customers, from, from + ROWS_AT_ONCE))
    }
  } finally {
    await file.close()
  }
  return path
}

/** The rows from `from` up to `to`, with the column names before the first; lines end with a line feed. */
export function csvText({ ids, customers, labels }: Customers, from = 0, to = ids.length): string {
  const { id, label } = portfolioContract()
  const lines = from === 0 ? [[id, label, ...portfolioColumns].join(',')] : []
  for (const [i, customer] of customers.slice(from, to).entries()) {
    const cells = portfolioColumns.map((name) => (Number.isNaN(customer[name]) ? '' : String(customer[name])))
    lines.push([ids[from + i], labels[from + i], ...cells].join(','))
  }
  return `${lines.join('\n')}\n`
}
