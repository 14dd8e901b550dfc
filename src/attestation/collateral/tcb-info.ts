/**
 * TCB info, version 3 (Intel PCS API version 4, "Get TCB Info"): which security versions of a platform family have which
 * status. Fields that are not read here may be present: Intel adds some, and the signature covers them.
 */
import { EvidenceError } from '../errors.ts'
import { type Fields, parseFields } from './fields.ts'

/** What a level may say of itself; the two relaunch statuses are computed, never written. */
export const LEVEL_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const
export type LevelStatus = (typeof LEVEL_STATUSES)[number]

export interface Level {
  /** As written; known only after `levelStatus`. */
  readonly status: string
  /** Milliseconds since 1970. */
  readonly date: number
  readonly advisories: readonly string[]
}

export interface PlatformLevel extends Level {
  readonly sgxComponents: readonly number[]
  readonly pceSvn: number
  /** Empty in TCB info for SGX. */
  readonly tdxComponents: readonly number[]
}

/** A level of one component, a TDX module or quoting enclave. */
export interface SvnLevel extends Level {
  readonly isvSvn: number
}

export interface TdxModule {
  readonly mrSigner: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
}

export interface TdxModuleIdentity extends TdxModule {
  /** TDX_01, TDX_03, ...: the module's major version, in hexadecimal. */
  readonly id: string
  readonly levels: readonly SvnLevel[]
}

export interface TcbInfo {
  readonly tee: 'sgx' | 'tdx'
  readonly issued: number
  readonly nextUpdate: number
  readonly fmspc: Uint8Array
  readonly pceId: Uint8Array
  readonly evaluation: number
  readonly tdxModule: TdxModule | undefined
  readonly tdxModules: readonly TdxModuleIdentity[]
  readonly levels: readonly PlatformLevel[]
}

/** Real ones have fewer than 30 levels. */
const MOST_LEVELS = 256
const MOST_ADVISORIES = 256

export function parseTcbInfo(text: string): TcbInfo {
  const info = parseFields(text, 'TCB info')
  const tee = ({ SGX: 'sgx', TDX: 'tdx' } as const)[info.text('id', 8)]
  const version = info.whole('version', 2 ** 31)
  if (tee === undefined || version !== 3 || info.whole('tcbType', 2 ** 31) !== 0) {
    const found = `id ${info.text('id', 8)}, version ${version}, tcbType ${info.whole('tcbType', 2 ** 31)}`
    throw new EvidenceError('EVIDENCE_COLLATERAL_INVALID', `TCB info: found ${found}, expected SGX or TDX, 3, 0`)
  }
  const modules = info.has('tdxModuleIdentities') ? info.list('tdxModuleIdentities', 0, MOST_LEVELS) : []
  return {
    tee,
    issued: info.time('issueDate'),
    nextUpdate: info.time('nextUpdate'),
    fmspc: info.bytes('fmspc', 6),
    pceId: info.bytes('pceId', 2),
    evaluation: info.whole('tcbEvaluationDataNumber', 2 ** 31),
    tdxModule: tee === 'tdx' ? readModule(info.object('tdxModule')) : undefined,
    tdxModules: modules.map((each) => ({
      ...readModule(each),
      id: each.text('id', 16).toUpperCase(),
      levels: readSvnLevels(each),
    })),
    levels: info.list('tcbLevels', 1, MOST_LEVELS).map((each) => readPlatformLevel(each, tee)),
  }
}

function readModule(fields: Fields): TdxModule {
  return {
    mrSigner: fields.bytes('mrsigner', 48),
    attributes: fields.bytes('attributes', 8),
    attributesMask: fields.bytes('attributesMask', 8),
  }
}

function readPlatformLevel(fields: Fields, tee: 'sgx' | 'tdx'): PlatformLevel {
  const tcb = fields.object('tcb')
  const svns = (key: string): number[] => tcb.list(key, 16, 16).map((each) => each.whole('svn', 255))
  return {
    ...readLevel(fields),
    sgxComponents: svns('sgxtcbcomponents'),
    pceSvn: tcb.whole('pcesvn', 0xffff),
    tdxComponents: tee === 'tdx' ? svns('tdxtcbcomponents') : [],
  }
}

export function readSvnLevels(fields: Fields): SvnLevel[] {
  return fields.list('tcbLevels', 1, MOST_LEVELS).map((each) => ({
    ...readLevel(each),
    isvSvn: each.object('tcb').whole('isvsvn', 0xffff),
  }))
}

function readLevel(fields: Fields): Level {
  return {
    status: fields.text('tcbStatus', 64),
    date: fields.time('tcbDate'),
    advisories: fields.texts('advisoryIDs', MOST_ADVISORIES),
  }
}

/** The status of the level that applies. Throws EVIDENCE_TCB_STATUS_UNKNOWN; levels that do not apply may say anything. */
export function levelStatus(level: Level, what: string): LevelStatus {
  const known = LEVEL_STATUSES.find((status) => status === level.status)
  if (known !== undefined) return known
  const found = `found status ${JSON.stringify(level.status)}`
  throw new EvidenceError(
    'EVIDENCE_TCB_STATUS_UNKNOWN',
    `${what}: ${found}, expected one of ${LEVEL_STATUSES.join(', ')}`,
  )
}
