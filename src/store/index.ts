/**
 * The coordinator's database: runs with their history, released models, and the Merkle log. One set of queries on two
 * engines, SQLite for one machine and PostgreSQL for those who have one. It keeps what it is given and decides nothing:
 * which change a run may go through is the coordinator's business, passed in as a function that runs under the run's
 * lock.
 */
export * from './apply-event.ts'
export * from './errors.ts'
export * from './open.ts'
export * from './store.ts'
export { storeName } from './url.ts'
