/**
 * TCB info (version 3) and QE identity (version 2) as Intel's provisioning service writes them: the same members in the
 * same order (Intel PCS API v4). What is signed are the bytes of JSON.stringify over these objects.
 */
import type { TeeKind } from './tee-kind.ts'
import { isTdx } from './tee-kind.ts'

export interface Component {
  svn: number
  category?: string
  type?: string
}

export interface TcbLevel {
  tcb: { sgxtcbcomponents: Component[]; pcesvn: number; tdxtcbcomponents?: Component[] }
  tcbDate: string
  tcbStatus: string
  advisoryIDs?: string[]
}

export interface SvnLevel {
  tcb: { isvsvn: number }
  tcbDate: string
  tcbStatus: string
  advisoryIDs?: string[]
}

export interface TdxModule {
  mrsigner: string
  attributes: string
  attributesMask: string
}

export interface TcbInfo {
  id: string
  version: number
  issueDate: string
  nextUpdate: string
  fmspc: string
  pceId: string
  tcbType: number
  tcbEvaluationDataNumber: number
  tdxModule?: TdxModule
  tdxModuleIdentities?: (TdxModule & { id: string; tcbLevels: SvnLevel[] })[]
  tcbLevels: TcbLevel[]
}

export interface QeIdentity {
  id: string
  version: number
  issueDate: string
  nextUpdate: string
  tcbEvaluationDataNumber: number
  miscselect: string
  miscselectMask: string
  attributes: string
  attributesMask: string
  mrsigner: string
  isvprodid: number
  tcbLevels: SvnLevel[]
}

export const fmspcOf = (tee: TeeKind): string => (isTdx(tee) ? '5154DE000000' : '5151EC000000')

/** What the simulated platform has; the levels below are measured against it. */
export const honestComponents: readonly number[] = [5, 5, 2, 2, 4, 1, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0]
export const honestPceSvn = 13
/** Index 0: module's SVN; 1: its major version, which names the identity TDX_01; 2: late microcode. */
export const honestTeeTcbSvn: readonly number[] = [7, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

/**
 * Levels from the best to the worst; a platform is at the first it reaches. `svn0` and `svn6` are the two components
 * that decide, `tdx2` the TDX component with index 2.
 */
const levels: readonly { svn0: number; svn6: number; tdx2: number; status: string; advisories: string[] }[] = [
  { svn0: 5, svn6: 12, tdx2: 3, status: 'UpToDate', advisories: [] },
  { svn0: 5, svn6: 8, tdx2: 3, status: 'SWHardeningNeeded', advisories: ['INTEL-SA-00615'] },
  { svn0: 5, svn6: 4, tdx2: 3, status: 'ConfigurationNeeded', advisories: ['INTEL-SA-00289'] },
  {
    svn0: 5,
    svn6: 0,
    tdx2: 3,
    status: 'ConfigurationAndSWHardeningNeeded',
    advisories: ['INTEL-SA-00289', 'INTEL-SA-00615'],
  },
  { svn0: 4, svn6: 8, tdx2: 2, status: 'OutOfDate', advisories: ['INTEL-SA-00828'] },
  {
    svn0: 4,
    svn6: 0,
    tdx2: 2,
    status: 'OutOfDateConfigurationNeeded',
    advisories: ['INTEL-SA-00289', 'INTEL-SA-00828'],
  },
  { svn0: 2, svn6: 0, tdx2: 1, status: 'Revoked', advisories: ['INTEL-SA-00477'] },
]

const tcbDate = '2024-03-13T00:00:00Z'
const olderTcbDate = '2023-02-15T00:00:00Z'

/** Without fractions of a second, as Intel writes it. */
export const isoSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

export function honestTcbInfo(tee: TeeKind, issued: Date, nextUpdate: Date): TcbInfo {
  const tdx = isTdx(tee)
  return {
    id: tdx ? 'TDX' : 'SGX',
    version: 3,
    issueDate: isoSeconds(issued),
    nextUpdate: isoSeconds(nextUpdate),
    fmspc: fmspcOf(tee),
    pceId: '0000',
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    ...(tdx ? tdxModules() : {}),
    tcbLevels: levels.map(({ svn0, svn6, tdx2, status, advisories }) => ({
      tcb: {
        sgxtcbcomponents: components(withAt(withAt(honestComponents, 0, svn0), 6, svn6)),
        pcesvn: honestPceSvn,
        ...(tdx ? { tdxtcbcomponents: components(withAt([5, 0, ...Array<number>(14).fill(0)], 2, tdx2)) } : {}),
      },
      tcbDate: svn0 === 5 ? tcbDate : olderTcbDate,
      tcbStatus: status,
      ...(advisories.length === 0 ? {} : { advisoryIDs: [...advisories] }),
    })),
  }
}

export function honestQeIdentity(tee: TeeKind, issued: Date, nextUpdate: Date): QeIdentity {
  const tdx = isTdx(tee)
  return {
    id: tdx ? 'TD_QE' : 'QE',
    version: 2,
    issueDate: isoSeconds(issued),
    nextUpdate: isoSeconds(nextUpdate),
    tcbEvaluationDataNumber: 17,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: tdx ? '7D'.repeat(32) : '5E'.repeat(32),
    isvprodid: tdx ? 2 : 1,
    tcbLevels: [
      { tcb: { isvsvn: 8 }, tcbDate, tcbStatus: 'UpToDate' },
      { tcb: { isvsvn: 6 }, tcbDate: olderTcbDate, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00615'] },
      { tcb: { isvsvn: 2 }, tcbDate: olderTcbDate, tcbStatus: 'Revoked', advisoryIDs: ['INTEL-SA-00477'] },
    ],
  }
}

export const withAt = (list: readonly number[], index: number, value: number): number[] =>
  list.map((item, at) => (at === index ? value : item))

const components = (svns: readonly number[]): Component[] => svns.map((svn) => ({ svn }))

function tdxModules(): Pick<Required<TcbInfo>, 'tdxModule' | 'tdxModuleIdentities'> {
  const module = { mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) }
  return {
    tdxModule: { ...module },
    tdxModuleIdentities: [
      { id: 'TDX_03', ...module, tcbLevels: [{ tcb: { isvsvn: 3 }, tcbDate, tcbStatus: 'UpToDate' }] },
      {
        id: 'TDX_01',
        ...module,
        tcbLevels: [
          { tcb: { isvsvn: 5 }, tcbDate, tcbStatus: 'UpToDate' },
          { tcb: { isvsvn: 4 }, tcbDate: olderTcbDate, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-01036'] },
          { tcb: { isvsvn: 2 }, tcbDate: olderTcbDate, tcbStatus: 'Revoked', advisoryIDs: ['INTEL-SA-01036'] },
        ],
      },
    ],
  }
}
