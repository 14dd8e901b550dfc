/** What a party believes of the aggregator, and what it keeps to show why. */
export { acceptPolicy } from './accepted-policy.ts'
export type { Attested, AttestedEpoch } from './attested.ts'
export { type AppraiserOptions, createAppraiser, type Judgement, type PartyAppraiser } from './appraiser.ts'
export { type RecordCode, RecordError, recordErrors } from './errors.ts'
export { answerOf, expectationOf, parseRecord, type VerificationRecord } from './record.ts'
export { createRecords, readObject, type Records } from './records.ts'
export { type Replay, replayRecord } from './replay.ts'
