/**
 * A field of an explanation, and how it gets its verdict: refused where a reason of the verifier belongs to it or its
 * value is not an accepted one; a claim where nothing has been established; ok where it was compared and holds; a note
 * where there was nothing to compare it with.
 */
import { AttestationError, type Reason } from '../../../attestation/index.ts'
import { placeOf } from './places.ts'
import { type FieldName, type SectionName, wordsOf } from './words.ts'

export type FieldVerdict = 'ok' | 'refused' | 'note' | 'claim'

export interface Field {
  readonly name: FieldName
  readonly value: string
  readonly verdict: FieldVerdict
  /** What is accepted here; any of them. */
  readonly expected?: readonly string[]
  readonly explanation: string
  /** Of the reasons that belong here. */
  readonly codes?: readonly string[]
}

export interface Section {
  readonly name: SectionName
  /** What holds for the whole section. */
  readonly note?: string
  readonly fields: readonly Field[]
}

export interface Comparison {
  readonly expected?: readonly string[]
  /** Absent where nothing is compared. */
  readonly holds?: boolean | undefined
  /** What this value tells, after the words on the field. */
  readonly meaning?: string | undefined
}

export type Teller = (name: FieldName, value: string, comparison?: Comparison) => Field

/** `established`: the checks that these fields rest on were made, and held. */
export function createTeller(reasons: readonly Reason[], established: boolean): Teller {
  return (name, value, { expected, holds, meaning } = {}) => {
    const codes = [...new Set(reasons.map(({ code }) => code).filter((code) => placeOf(code) === name))]
    const refused = codes.length > 0 || holds === false
    const verdict = refused ? 'refused' : !established ? 'claim' : holds === true ? 'ok' : 'note'
    const [, explanation] = wordsOf(name)
    return {
      ...{ name, value: value === '' ? 'none' : value, verdict },
      ...(expected !== undefined && expected.length > 0 && { expected }),
      explanation: meaning === undefined ? explanation : `${explanation} ${meaning}`,
      ...(codes.length > 0 && { codes }),
    }
  }
}

/** Reasons of an error that says that evidence does not count; undefined for every other error. */
export function refusalReasons(error: unknown): readonly Reason[] | undefined {
  return error instanceof AttestationError && error.code !== 'EVIDENCE_ARGUMENT' ? error.reasons : undefined
}

export const iso = (at: number | Date): string => new Date(at).toISOString()
export const day = (at: number | Date): string => iso(at).slice(0, 10)
