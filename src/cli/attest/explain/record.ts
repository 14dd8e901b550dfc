/** A verification record, replayed and told. */
import { basename, dirname } from 'node:path'
import { parseCollateral, parseQuote } from '../../../attestation/index.ts'
import { parseRecord, type Replay, replayRecord, type VerificationRecord } from '../../../../parties/index.ts'
import { type Explanation, evidenceSections } from './explanation.ts'
import { refusalReasons } from './field.ts'
import type { Demand, Judgement } from './judgement.ts'
import { expectedReportData, sessionSections } from './session.ts'

/** Throws RecordError: it is no record, or its objects are not beside it. */
export async function explainRecord(bytes: Uint8Array, path: string): Promise<Explanation> {
  const record = parseRecord(bytes, path)
  const replay = await replayRecord(record, dirname(dirname(path)))
  const judgement = judgementOf(replay)
  const { outcome, reasons, disagreements } = replay
  return {
    ...{ kind: 'record', outcome, reasons, summary: summaryOf(record, replay, basename(path)) },
    simulated: record.simulated || (judgement?.verdict?.simulated ?? false) || simulatedPolicy(replay),
    recorded: { outcome: record.outcome, disagreements },
    sections: [...sessionSections(record, replay), ...(judgement ? evidenceSections(judgement) : [])],
  }
}

const simulatedPolicy = ({ evidence }: Replay): boolean => evidence.policy.purpose === 'simulation'

/** Undefined where the quote cannot even be read. */
function judgementOf(replay: Replay): Judgement | undefined {
  const { evidence, verdict, reasons } = replay
  const { answer, policies, expectation } = evidence
  const quote = readable(() => parseQuote(answer.quote))
  const json = evidence.collateral
  const collateral = json === undefined ? undefined : readable(() => parseCollateral(json))
  const names = [`policy version ${evidence.policy.version}`, 'own rules']
  if (quote === undefined) return undefined
  return {
    ...{ quote, size: answer.quote.length, reasons, now: expectation.now, reportData: expectedReportData(replay) },
    demands: policies.map((values, at): Demand => ({ name: names[at] ?? '', values })),
    ...(verdict && { verdict }),
    ...(collateral && { collateral }),
    ...(answer.eventLog.length > 0 && { eventLog: answer.eventLog }),
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (refusalReasons(error) === undefined) throw error
    return undefined
  }
}

function summaryOf({ at, address, outcome, expected }: VerificationRecord, replay: Replay, file: string): string[] {
  const who = `the aggregator at ${address}, for federation ${expected.federation}`
  return [
    `${replay.outcome.toUpperCase()}: ${who}`,
    `Record ${file}, of ${at}`,
    replay.disagreements.length === 0
      ? `Judged again from the record alone: ${replay.outcome}, as it was then.`
      : `Judged again from the record alone: ${replay.outcome}. The record itself says: ${outcome}.`,
    ...extent(replay),
  ]
}

/** How far the judgement came, where it did not come to the end. */
function extent({ verdict, reasons, evidence }: Replay): string[] {
  if (verdict !== undefined) return []
  if (reasons.some(({ code }) => code.startsWith('SESSION_'))) {
    return ['Refused before the quote was looked at: all that the quote says below is only a claim.']
  }
  return evidence.collateral === undefined
    ? ['There was no collateral to judge the quote with: all that it says below is only a claim.']
    : ['The evidence is not genuine: all that it says below is only a claim.']
}
