/**
 * Evidence in, verdict out: quotes of SGX and TDX, their certificates and collateral, event logs, reference values.
 * Pure and synchronous: roots, collateral, expected binding and time are arguments.
 */
export { type AppraisalCode, AppraisalError, appraisalErrors } from './appraisal/errors.ts'
export type {
  Allowed,
  ProgramReference,
  ReferenceValues,
  SgxReference,
  TdxReference,
} from './appraisal/reference-values.ts'
export { type Collateral, parseCollateral } from './collateral/collateral.ts'
export { exceedsStructures } from './collateral/json-text.ts'
export { AttestationError, type EvidenceCode, EvidenceError, evidenceErrors, type Reason, reasonsOf } from './errors.ts'
export { type LogEvent, MAXIMUM_SENT_LOG_BYTES, parseEventLog } from './event-log/parse.ts'
export { type MeasuredEvent, replay } from './event-log/replay.ts'
export type { TdAttributes } from './quote/attributes.ts'
export type { Body, SgxBody, TdBody } from './quote/body.ts'
export { describedPlatform, type Platform, platformOf } from './platform.ts'
export { MAXIMUM_QUOTE_BYTES, parseQuote, type Quote } from './quote/quote.ts'
export type { Tcb, TcbStatus } from './tcb.ts'
export { type Facts, namesSimulation, requireAccepted, type Verdict } from './verdict.ts'
export type { Roots } from './verification.ts'
export { type Binding, type Evidence, type Trust, verifyEvidence } from './verify.ts'
export { intelSgxRootPem } from './intel-root.ts'
export { type SessionCode, SessionError, sessionErrors } from './session/errors.ts'
export {
  CLOCK_DIFFERENCE_MS,
  contextHash,
  encodeStatement,
  keyReportData,
  MAXIMUM_KEY_LIFETIME_MS,
  MAXIMUM_STATEMENT_BYTES,
  parseStatement,
  type SessionContext,
  type Statement,
} from './session/statement.ts'
export { rootsDigest } from './session/roots.ts'
export { EXPORTER_BYTES, EXPORTER_LABEL, NONCE_BYTES, type Session, sessionTranscript } from './session/transcript.ts'
export {
  checkSession,
  type SessionAnswer,
  type SessionExpectation,
  type SessionTrust,
  verifySession,
} from './session/verify.ts'
