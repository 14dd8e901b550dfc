/**
 * How current the platform is, as Intel's quote verification library computes it (2026-07): the first level of TCB info
 * whose every security version the platform reaches, lowered by quoting enclave and TDX module, and for TD 1.5 computed
 * twice, for the module at launch and for the one that runs now, which tells whether launching anew would help.
 */
import type { Collateral } from './collateral/collateral.ts'
import { type Level, type LevelStatus, levelStatus, type PlatformLevel } from './collateral/tcb-info.ts'
import { moduleIdentity } from './collateral/verify.ts'
import { EvidenceError } from './errors.ts'
import type { Quote } from './quote/quote.ts'
import type { PlatformIdentity } from './x509/sgx-extension.ts'

export type TcbStatus = LevelStatus | 'TDRelaunchAdvised' | 'TDRelaunchAdvisedConfigurationNeeded'

export interface TcbEvaluation {
  readonly status: TcbStatus
  /** The oldest of the dates of the levels that apply, milliseconds since 1970. */
  readonly date: number
  /** Of platform, quoting enclave and TDX module; sorted, each once. */
  readonly advisories: readonly string[]
}

export interface Tcb extends TcbEvaluation {
  /** TD 1.5: by the module that runs now; `status` above is by the module at launch, with advice to launch anew. */
  readonly current?: TcbEvaluation
}

/** Throws EVIDENCE_TCB_LEVEL_UNKNOWN, EVIDENCE_TCB_STATUS_UNKNOWN. */
export function evaluateTcb(quote: Quote, collateral: Collateral, platform: PlatformIdentity): Tcb {
  const { body } = quote
  const evaluate = (svn?: string): TcbEvaluation => evaluateOnce(quote, collateral, platform, svn)
  if (body.kind === 'sgx') return evaluate()
  const launch = evaluate(body.teeTcbSvn)
  if (body.teeTcbSvn2 === undefined) return launch
  const current = evaluate(body.teeTcbSvn2)
  return { ...launch, status: withRelaunch(launch.status, current.status), current }
}

function evaluateOnce(
  quote: Quote,
  { tcbInfo: { content: info }, qeIdentity }: Collateral,
  platform: PlatformIdentity,
  teeTcbSvn: string | undefined,
): TcbEvaluation {
  const svns = teeTcbSvn === undefined ? [] : [...Buffer.from(teeTcbSvn, 'hex')]
  const level = reached(info.levels, (each) => reaches(platform, svns, each), 'the platform')
  const { isvSvn } = quote.quotingEnclave.report
  const enclave = reached(qeIdentity.content.levels, (each) => isvSvn >= each.isvSvn, 'the quoting enclave')
  const components: Level[] = [enclave]
  const [minor = 0, major = 0] = svns
  if (teeTcbSvn !== undefined && major > 0) {
    const levels = moduleIdentity(teeTcbSvn, info)?.levels ?? []
    components.push(reached(levels, (each) => minor >= each.isvSvn, `TDX module ${major}.${minor}`))
  }
  const all = [level, ...components]
  return {
    status: converged(
      levelStatus(level, 'the platform'),
      components.map((each) => levelStatus(each, 'a component')),
    ),
    date: Math.min(...all.map(({ date }) => date)),
    advisories: [...new Set(all.flatMap(({ advisories }) => advisories))].sort(),
  }
}

function reached<L extends Level>(levels: readonly L[], test: (level: L) => boolean, what: string): L {
  const level = levels.find(test)
  if (level !== undefined) return level
  throw new EvidenceError('EVIDENCE_TCB_LEVEL_UNKNOWN', `${what} reaches none of ${levels.length} TCB levels`)
}

/** From index 2 on where the TDX module has levels of its own: then 0 and 1 are its minor and major version. */
function reaches(platform: PlatformIdentity, svns: readonly number[], level: PlatformLevel): boolean {
  const from = (svns[1] ?? 0) > 0 ? 2 : 0
  return (
    level.sgxComponents.every((svn, at) => (platform.components[at] ?? -1) >= svn) &&
    platform.pceSvn >= level.pceSvn &&
    (svns.length === 0 || level.tdxComponents.every((svn, at) => at < from || (svns[at] ?? -1) >= svn))
  )
}

const OUTDATED: Partial<Record<LevelStatus, LevelStatus>> = {
  UpToDate: 'OutOfDate',
  SWHardeningNeeded: 'OutOfDate',
  ConfigurationNeeded: 'OutOfDateConfigurationNeeded',
  ConfigurationAndSWHardeningNeeded: 'OutOfDateConfigurationNeeded',
}

/** Exported for its test: one component that is out of date makes the platform so, one that is revoked ends it. */
export function converged(platform: LevelStatus, components: readonly LevelStatus[]): LevelStatus {
  if (components.includes('Revoked')) return 'Revoked'
  const outdated = components.some((each) => each === 'OutOfDate' || each === 'OutOfDateConfigurationNeeded')
  return outdated ? (OUTDATED[platform] ?? platform) : platform
}

const CURRENT: readonly TcbStatus[] = [
  ...(['UpToDate', 'SWHardeningNeeded', 'ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded'] as const),
]

/** Exported for its test: out of date at launch but fine now means that the module was updated under the running TD. */
export function withRelaunch(launch: TcbStatus, current: TcbStatus): TcbStatus {
  if (current === 'Revoked') return 'Revoked'
  if (!launch.startsWith('OutOfDate') || !CURRENT.includes(current)) return launch
  const configuration = [launch, current].some((status) => status.includes('Configuration'))
  return configuration ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised'
}
