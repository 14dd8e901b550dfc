export * from './errors.ts'
export * from './round.ts'
export * from './run.ts'
export * from './summation.ts'
