export { portfolioContract } from './contract.ts'
export { type Customers, type Portfolio, type PortfolioOptions, portfolio } from './portfolio.ts'
export { type BankProfile, demoBanks } from './profiles.ts'
export { csvText, type WrittenPortfolio, writePortfolio } from './write.ts'
