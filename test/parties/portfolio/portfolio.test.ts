/** The generated portfolio: the same for a seed, as the contract says, and worth a federation. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadTable, type RawTable } from '../../../parties/data/index.ts'
import { PartyError } from '../../../parties/errors.ts'
import {
  type BankProfile,
  csvText,
  demoBanks,
  type PortfolioOptions,
  portfolio,
  portfolioContract,
  writePortfolio,
} from '../../../parties/portfolio/index.ts'
import { logisticAuc } from './logistic-regression.ts'

const folder = mkdtempSync(join(tmpdir(), 'coffer-portfolio-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const small: PortfolioOptions = { seed: 1, banks: demoBanks, rows: 1_000 }

function digest(options: PortfolioOptions): string {
  const made = portfolio(options)
  const hash = createHash('sha256')
  for (const part of [...made.banks, made.holdout]) hash.update(csvText(part))
  return hash.digest('hex')
}

describe('generation', () => {
  test('the same seed gives the same bytes; another seed, others', () => {
    expect(digest(small)).toBe('ead34e845682c9002f2587aa0d42e2e878cccd92c2eef815aa2a39309a002cf4')
    expect(digest({ ...small, seed: 2 })).not.toBe(digest(small))
  })

  test('a bank does not change when others join or leave', () => {
    const two = demoBanks.slice(0, 2).map((bank, i): BankProfile => ({ ...bank, share: i === 0 ? 0.6 : 0.4 }))
    const alone = portfolio({ ...small, banks: two }).banks[0]
    expect(alone && csvText(alone)).toBe(csvText(portfolio(small).banks[0] ?? expect.fail('no bank')))
  })

  test('sizes and ids', () => {
    const { banks, holdout } = portfolio(small)
    expect(banks.map(({ name, ids }) => `${name} ${ids.length}`)).toEqual(['bank-a 600', 'bank-b 280', 'bank-c 120'])
    expect(holdout.ids).toHaveLength(300)
    const ids = [...banks, holdout].flatMap((part) => part.ids)
    expect(new Set(ids).size).toBe(1_300)
  })

  test('20,000 customers and the hold-out take less than a second of this thread', () => {
    const before = process.cpuUsage()
    portfolio({ ...small, rows: 20_000 })
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(1)
  })

  test('what cannot be generated', () => {
    const wrong: PortfolioOptions[] = [
      { ...small, rows: 500 },
      { ...small, banks: demoBanks.slice(0, 2) },
      { ...small, banks: demoBanks.map((bank) => ({ ...bank, name: 'same' })) },
      { ...small, banks: demoBanks.map((bank) => ({ ...bank, defaultRate: 0.9 })) },
      { ...small, holdoutRows: 5 },
    ]
    for (const options of wrong) {
      expect(() => portfolio(options)).toThrow(expect.objectContaining({ code: 'PORTFOLIO_INVALID' }))
      expect(() => portfolio(options)).toThrow(PartyError)
    }
  })
})

// Four regressions on up to 20,000 rows: a few seconds of a busy machine.
describe('20,000 customers of three banks', { timeout: 60_000 }, () => {
  const loaded = writePortfolio(folder, { seed: 1, banks: demoBanks, rows: 20_000 }).then(async (written) => {
    const load = (path: string) =>
      loadTable({
        path,
        contract: portfolioContract(),
        task: { kind: 'binary-classification' },
        signal: new AbortController().signal,
      })
    const banks: RawTable[] = []
    for (const { path } of written.files) banks.push(await load(path))
    return { banks, holdout: await load(written.holdout), ceiling: written.ceilingAuc }
  })

  test('satisfy the contract, without a warning, at the banks’ default rates', async () => {
    const { banks, holdout } = await loaded
    expect(banks.map(({ rows }) => rows)).toEqual([12_000, 5_600, 2_400])
    expect(holdout.rows).toBe(6_000)
    for (const [i, table] of banks.entries()) {
      expect(table.warnings).toEqual([])
      const rate = table.labels.reduce((sum, label) => sum + label, 0) / table.rows
      expect(Math.abs(rate - (demoBanks[i]?.defaultRate ?? 0))).toBeLessThan(0.015)
    }
    expect(portfolioContract().features).toHaveLength(24)
  })

  test('are worth pooling: what logistic regression reaches on the common hold-out', async () => {
    const { banks, holdout, ceiling } = await loaded
    const pooled = logisticAuc(banks, holdout)
    const alone = banks.map((bank) => logisticAuc([bank], holdout))
    console.info(
      'AUC: ceiling',
      ceiling.toFixed(3),
      'pooled',
      pooled.toFixed(3),
      'alone',
      alone.map((auc) => auc.toFixed(3)),
    )
    expect(ceiling).toBeGreaterThan(0.81)
    expect(ceiling).toBeLessThan(0.85)
    expect(pooled).toBeGreaterThan(0.76)
    expect(pooled).toBeLessThan(0.79)
    // A large bank gains next to nothing; the smallest gains much.
    for (const auc of alone) expect(auc).toBeLessThan(pooled)
    expect(alone[0]).toBeGreaterThan(pooled - 0.02)
    expect(alone[2]).toBeLessThan(pooled - 0.03)
  })
})
