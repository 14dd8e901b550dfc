/**
 * Where evidence comes from: the interface that every platform implements, and the platforms. The measured program
 * enters this room here, so the simulator is not exported: it has an entry of its own, src/tee/simulator/index.ts, which
 * only the command line and tests may use.
 */
export { type Attester, REPORT_DATA_BYTES, requireReportData } from './attester.ts'
export { type Extension, extendRtmr3, rtmr3After } from './configfs/rtmr.ts'
export { collectSevSnp, type SevSnpEvidence } from './configfs/sev-snp.ts'
export { type AttesterName, detectAttesters, type Finding, openAttester } from './detect.ts'
export { createDevices, type Devices } from './devices.ts'
export { type TeeCode, TeeError, teeErrors } from './errors.ts'
