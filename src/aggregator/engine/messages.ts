/** What the event loop and the engine's thread say to each other. Bytes in shared memory cross without a copy. */
import { CodedError } from '../../errors/index.ts'
import type { JobSpec } from '../../job/index.ts'
import { type LearningCode, LearningError } from '../../learning/index.ts'
import { type RoundCode, RoundError, type TaskKind } from '../../round/index.ts'
import { type UpdateCode, UpdateError } from '../../update/index.ts'
import { type AggregatorCode, AggregatorError } from '../errors.ts'
import type { Standing } from './core.ts'
import type { RoundOpening, RoundResult, UpdateFacts } from './engine.ts'

/** `workerData`: fixed for the life of the thread. The name tells it from threads of other libraries. */
export interface ThreadSetup {
  readonly cofferEngine: {
    readonly spec: JobSpec
    readonly restore: Uint8Array | undefined
    readonly spoolDirectory: string
  }
}

export type Request = { readonly id: number } & (
  | { readonly kind: 'open'; readonly opening: RoundOpening }
  | { readonly kind: 'add'; readonly update: Uint8Array; readonly facts: UpdateFacts }
  | { readonly kind: 'close' }
  | { readonly kind: 'discard' }
)

export type Failure =
  | { readonly family: 'update'; readonly code: UpdateCode; readonly message: string }
  | { readonly family: 'learning'; readonly code: LearningCode; readonly message: string }
  | { readonly family: 'round'; readonly code: RoundCode; readonly message: string }
  | { readonly family: 'aggregator'; readonly code: AggregatorCode; readonly message: string }

/** First `started` or `refused`; then one `done` or `failed` for each request, in their order. */
export type Reply =
  | { readonly kind: 'started'; readonly standing: Standing; readonly bytes: Readonly<Record<TaskKind, number>> }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'done'; readonly id: number; readonly closed?: { result: RoundResult; standing: Standing } }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }

/** Throws what is no refusal but a defect: it ends the thread, because what it left behind is unknown. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof CodedError)) throw error
  const { message } = error
  if (error instanceof UpdateError) return { family: 'update', code: error.code, message }
  if (error instanceof LearningError) return { family: 'learning', code: error.code, message }
  if (error instanceof RoundError) return { family: 'round', code: error.code, message }
  if (error instanceof AggregatorError) return { family: 'aggregator', code: error.code, message }
  throw error
}

export function errorOf(failure: Failure): CodedError {
  switch (failure.family) {
    case 'update':
      return new UpdateError(failure.code, failure.message)
    case 'learning':
      return new LearningError(failure.code, failure.message)
    case 'round':
      return new RoundError(failure.code, failure.message)
    case 'aggregator':
      return new AggregatorError(failure.code, failure.message)
  }
}
