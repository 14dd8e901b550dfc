/** The sections on the machine: how current it is, who it is, who made the quote, and where trust ends. */
import { X509Certificate } from 'node:crypto'
import { toHex, sha256 } from '../../../crypto/index.ts'
import { intelSgxRootPem, type ReferenceValues, type TcbStatus, type Verdict } from '../../../attestation/index.ts'
import { together } from './compare.ts'
import { type Comparison, createTeller, day, type Field, type Section, type Teller } from './field.ts'
import { isSimulated, type Demand, type Judgement } from './judgement.ts'

export function platformSections(judgement: Judgement): Section[] {
  const { verdict, reasons, demands } = judgement
  const tell = createTeller(reasons, verdict !== undefined)
  return [
    ...(verdict === undefined ? [] : [{ name: 'tcb' as const, fields: tcbFields(verdict, demands, tell) }]),
    { name: 'platform', fields: platformFields(judgement, tell) },
    { name: 'quotingEnclave', fields: enclaveFields(judgement, tell) },
    { name: 'root', fields: rootFields(judgement, tell) },
  ]
}

/** What each demand says, and whether it holds; nothing where there is no demand. */
function demanded(
  demands: readonly Demand[],
  compare: (values: ReferenceValues) => { expected: readonly string[]; holds: boolean },
): Comparison {
  return together(demands.map(({ name, values }) => ({ name, ...compare(values) })))
}

function tcbFields({ tcb }: Verdict, demands: readonly Demand[], tell: Teller): Field[] {
  const { status, date, evaluation, advisories, current } = tcb
  const statuses = demanded(demands, ({ tcbStatuses: expected }) => ({ expected, holds: lists(expected, status) }))
  const evaluations = demanded(demands, ({ minimumTcbEvaluation: least }) => {
    return { expected: [`${least} or later`], holds: evaluation >= least }
  })
  const accepted = demanded(demands, ({ advisories: list }) => {
    return { expected: list.length === 0 ? ['none'] : list, holds: advisories.every((each) => lists(list, each)) }
  })
  return [
    tell('tcbStatus', status, { ...statuses, meaning: statusWords[status] }),
    tell('tcbDate', day(date)),
    tell('tcbEvaluation', String(evaluation), evaluations),
    tell('advisories', advisories.join(', '), accepted),
    ...(current ? [tell('currentTcb', `${current.status}, of ${day(current.date)}${among(current.advisories)}`)] : []),
  ]
}

const statusWords: Readonly<Record<TcbStatus, string>> = {
  UpToDate: 'UpToDate: no known weakness is open.',
  SWHardeningNeeded: 'SWHardeningNeeded: the program itself must guard against the advisories below.',
  ConfigurationNeeded:
    'ConfigurationNeeded: the firmware is current, but a setting of the platform leaves a weakness open.',
  ConfigurationAndSWHardeningNeeded:
    'ConfigurationAndSWHardeningNeeded: a setting leaves a weakness open, and the program itself must guard against others.',
  OutOfDate: 'OutOfDate: known weaknesses are open; firmware or microcode has to be updated.',
  OutOfDateConfigurationNeeded:
    'OutOfDateConfigurationNeeded: an update is missing, and a setting leaves a weakness open.',
  Revoked: 'Revoked: the keys of such platforms may be known to others; no policy can accept it.',
  TDRelaunchAdvised: 'TDRelaunchAdvised: the TDX module was updated since the machine was launched; launch it anew.',
  TDRelaunchAdvisedConfigurationNeeded:
    'TDRelaunchAdvisedConfigurationNeeded: launch the machine anew, and correct a setting of the platform.',
}

/** As the verifier compares. */
const lists = (list: readonly string[], value: string): boolean =>
  list.some((each) => each.toLowerCase() === value.toLowerCase())
const among = (advisories: readonly string[]): string => (advisories.length === 0 ? '' : `; ${advisories.join(', ')}`)

const sgxTypes = ['standard', 'scalable', 'scalable with integrity']

function platformFields({ quote, collateral, verdict, now }: Judgement, tell: Teller): Field[] {
  const [pck, authority] = quote.chain
  const genuine = { holds: verdict === undefined ? undefined : true }
  const inTime = now === undefined ? undefined : now.getTime() >= pck.notBefore && now.getTime() <= pck.notAfter
  const info = collateral?.tcbInfo.content
  const { sgx } = pck
  return [
    ...(sgx === undefined
      ? []
      : [
          tell('fmspc', sgx.fmspc, equal(sgx.fmspc, info && toHex(info.fmspc))),
          tell('pceId', sgx.pceId, equal(sgx.pceId, info && toHex(info.pceId))),
          tell('pceSvn', String(sgx.pceSvn), genuine),
          tell('components', sgx.components.join(' '), genuine),
          tell('sgxType', sgxTypes[sgx.sgxType] ?? 'unknown'),
          tell('ppid', sgx.ppid),
        ]),
    tell('pckSerial', pck.serial.replace(/^00/, ''), genuine),
    tell('pckValidity', `${day(pck.notBefore)} to ${day(pck.notAfter)}`, { holds: inTime }),
    tell('certifiedBy', authority.commonName, genuine),
  ]
}

const equal = (found: string, expected: string | undefined): Comparison =>
  expected === undefined ? {} : { expected: [expected], holds: found === expected }

function enclaveFields({ quote, collateral, verdict }: Judgement, tell: Teller): Field[] {
  const { mrSigner, isvProdId, isvSvn } = quote.quotingEnclave.report
  const identity = collateral?.qeIdentity.content
  const genuine = { holds: verdict === undefined ? undefined : true }
  const product = identity && { expected: [`product ${identity.isvProdId}`], holds: isvProdId === identity.isvProdId }
  return [
    tell('qeSigner', mrSigner, equal(mrSigner, identity && toHex(identity.mrSigner))),
    tell('qeProduct', `product ${isvProdId}, security version ${isvSvn}`, product),
    tell(
      'qeReport',
      verdict === undefined ? 'not established' : 'signed by the platform, names the quote key',
      genuine,
    ),
  ]
}

function rootFields(judgement: Judgement, tell: Teller): Field[] {
  const { quote, verdict, demands } = judgement
  const [, , own] = quote.chain
  const { name, fingerprint } = verdict?.root ?? { name: own.commonName, fingerprint: toHex(sha256(own.raw)) }
  const simulated = isSimulated(judgement)
  const holds = verdict === undefined ? undefined : true
  const listed = demanded(demands, ({ roots }) => ({
    ...{ expected: roots.map((root) => root.toLowerCase()), holds: lists(roots, fingerprint) },
  }))
  const meaning = fingerprint === INTEL_ROOT ? 'This is the one of Intel.' : 'This is not the one of Intel.'
  return [
    tell('root', name, { holds }),
    tell('rootFingerprint', fingerprint, { ...(demands.length === 0 ? { holds } : listed), meaning }),
    tell(
      'simulated',
      simulated ? 'no: SIMULATED, it protects nothing' : 'yes, by its name',
      simulated ? {} : { holds },
    ),
  ]
}

const INTEL_ROOT = new X509Certificate(intelSgxRootPem).fingerprint256.replaceAll(':', '').toLowerCase()
