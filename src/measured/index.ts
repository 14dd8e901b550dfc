/** The measured program for those who compare it: its digests and what becomes of them. Its entry is main.ts. */
export { digestsOf, type ProgramDigests, rtmr3After } from './digest.ts'
export { type MeasuredCode, MeasuredError, measuredErrors } from './errors.ts'
