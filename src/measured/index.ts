/** The measured program for those who compare it: its digests. Its entry is main.ts. */
export { digestsOf, type ProgramDigests } from './digest.ts'
export { type MeasuredCode, MeasuredError, measuredErrors } from './errors.ts'
