/**
 * Where evidence comes from: the interface that every platform implements. The measured program enters this room here,
 * so the simulator is not exported: it has an entry of its own, src/tee/simulator/index.ts, which only the command line
 * and tests may use.
 */
export { type Attester, REPORT_DATA_BYTES, requireReportData } from './attester.ts'
export { type TeeCode, TeeError, teeErrors } from './errors.ts'
