/** What was established, as facts that a reviewer can read one by one. Everything here follows from the trusted root. */
import { sha256, toHex } from '../crypto/index.ts'
import { AppraisalError, type AppraisalCode } from './appraisal/errors.ts'
import type { Collateral } from './collateral/collateral.ts'
import type { Reason } from './errors.ts'
import type { MeasuredEvent } from './event-log/replay.ts'
import type { Body } from './quote/body.ts'
import type { Quote } from './quote/quote.ts'
import type { Tcb } from './tcb.ts'
import type { Certificate } from './x509/certificate.ts'
import type { PlatformIdentity } from './x509/sgx-extension.ts'

export interface Facts {
  readonly tee: 'sgx' | 'tdx'
  readonly quoteVersion: 3 | 4 | 5
  readonly body: Body
  /** Status, oldest date (milliseconds since 1970), advisories; `evaluation`: the lower tcbEvaluationDataNumber. */
  readonly tcb: Tcb & { readonly evaluation: number }
  readonly platform: PlatformIdentity & { readonly pckSerial: string; readonly certifiedBy: string }
  readonly quotingEnclave: { readonly mrSigner: string; readonly isvProdId: number; readonly isvSvn: number }
  readonly root: { readonly name: string /** SHA-256 of the certificate, hexadecimal. */; readonly fingerprint: string }
  /** The root says that it is no hardware: such evidence protects nothing. */
  readonly simulated: boolean
  readonly binding: 'bound' | 'unbound'
  readonly collateral: {
    /** When the first of TCB info, QE identity and PCK CRL was issued (the root's CRL is a yearly one), and the first end.  */
    readonly oldestIssue: Date
    readonly earliestExpiration: Date
  }
  /** Present where an event log came with the quote and led to its RTMRs. */
  readonly eventLog?: readonly MeasuredEvent[]
}

export interface Verdict extends Facts {
  /** No reason against it. Without reference values this means genuine, and no more. */
  readonly ok: boolean
  readonly reasons: readonly Reason<AppraisalCode>[]
}

/** Whether a root says of itself that it is no hardware: such evidence protects nothing. */
export const namesSimulation = (commonName: string): boolean => /simulated tee/i.test(commonName)

/** The facts of a quote whose every check held. */
export function factsOf(
  quote: Quote,
  collateral: Collateral,
  established: {
    readonly root: Certificate
    readonly platform: PlatformIdentity
    readonly tcb: Tcb
    readonly bound: boolean
    readonly eventLog: readonly MeasuredEvent[] | undefined
  },
): Facts {
  const { root, platform, tcb, bound, eventLog } = established
  const { mrSigner, isvProdId, isvSvn } = quote.quotingEnclave.report
  const { tcbInfo, qeIdentity } = collateral
  const evaluation = Math.min(tcbInfo.content.evaluation, qeIdentity.content.evaluation)
  const [pck, authority] = quote.chain
  return {
    tee: quote.header.tee,
    quoteVersion: quote.header.version,
    body: quote.body,
    tcb: { ...tcb, evaluation },
    platform: { ...platform, pckSerial: pck.serial.replace(/^00/, ''), certifiedBy: authority.commonName },
    quotingEnclave: { mrSigner, isvProdId, isvSvn },
    root: { name: root.commonName, fingerprint: toHex(sha256(root.raw)) },
    simulated: namesSimulation(root.commonName),
    binding: bound ? 'bound' : 'unbound',
    collateral: validity(quote, collateral),
    ...(eventLog === undefined ? {} : { eventLog }),
  }
}

function validity(quote: Quote, collateral: Collateral): Facts['collateral'] {
  const { tcbInfo, qeIdentity, rootCrl, pckCrl, pckCrlChain } = collateral
  const documents = [tcbInfo.content, qeIdentity.content]
  const lists = [rootCrl, pckCrl]
  const certificates = [...quote.chain, ...pckCrlChain, ...tcbInfo.chain, ...qeIdentity.chain]
  const issues = [...documents.map(({ issued }) => issued), pckCrl.thisUpdate]
  const ends = [...[...documents, ...lists].map(({ nextUpdate }) => nextUpdate), ...certificates.map((c) => c.notAfter)]
  return { oldestIssue: new Date(Math.min(...issues)), earliestExpiration: new Date(Math.min(...ends)) }
}

/** Throws AppraisalError with all reasons of a verdict that has any; for callers that go on only if it is accepted. */
export function requireAccepted(verdict: Verdict): void {
  const [first, ...more] = verdict.reasons
  if (first !== undefined) throw new AppraisalError([first, ...more])
}
