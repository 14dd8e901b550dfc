/**
 * Reference values of one program from where they can be had: computed from what was built, or read from a machine that
 * the reader believes to be good. Each value says which of the two it is.
 */
import type { ProgramReference, SgxBody, TdBody } from '../../attestation/index.ts'
import type { Sigstruct } from './sigstruct.ts'

export interface Reference {
  readonly program: ProgramReference
  /** Key of the program -> where its value is from. */
  readonly sources: Readonly<Record<string, Source>>
}

export type Source =
  | 'computed from the bundle'
  | 'read from SIGSTRUCT'
  | 'given'
  | 'read from the quote'
  | 'as in deploy/'

/** What deploy/gramine and deploy/occlum set; their tests compare. */
export const DEPLOYED_PRODUCT = 1
export const DEPLOYED_SVN = 1

const NO_CONFIG_ID = '00'.repeat(64)

/** `rtmr3`: the value that the bundle leads to, where a bundle was given. */
export function tdxReference(body: TdBody, rtmr3: string | undefined): Reference {
  const { mrTd, mrSeam, rtmr0, rtmr1, rtmr2, mrConfigId, mrOwner, mrOwnerConfig, xfam, mrServiceTd = '' } = body
  const program: ProgramReference = {
    tee: 'tdx',
    mrTd: [mrTd],
    mrSeam: [mrSeam],
    rtmr0: [rtmr0],
    rtmr1: [rtmr1],
    rtmr2: [rtmr2],
    rtmr3: [rtmr3 ?? body.rtmr3],
    mrConfigId: [mrConfigId],
    mrOwner: [mrOwner],
    mrOwnerConfig: [mrOwnerConfig],
    xfam: [xfam],
    serviceTds: /^0*$/.test(mrServiceTd) ? [] : [mrServiceTd],
    minimumTeeTcbSvn: body.teeTcbSvn,
  }
  const computed = rtmr3 === undefined ? {} : { rtmr3: 'computed from the bundle' as const }
  return { program, sources: { ...from(program, 'read from the quote'), ...computed } }
}

export interface SgxSources {
  readonly mrEnclave: string | undefined
  readonly sigstruct: Sigstruct | undefined
  readonly body: SgxBody | undefined
}

/** Undefined where none of them says what the enclave is. SIGSTRUCT before the quote: it can be built again. */
export function sgxReference({ mrEnclave, sigstruct, body }: SgxSources): Reference | undefined {
  const stated = sigstruct ?? body
  const enclave = mrEnclave ?? stated?.mrEnclave
  if (enclave === undefined) return undefined
  const program: ProgramReference = {
    tee: 'sgx',
    mrEnclave: [enclave],
    mrSigner: stated === undefined ? 'any' : [stated.mrSigner],
    isvProdId: stated?.isvProdId ?? DEPLOYED_PRODUCT,
    minimumIsvSvn: stated?.isvSvn ?? DEPLOYED_SVN,
    configId: [body?.configId ?? NO_CONFIG_ID],
  }
  const read = sigstruct ? 'read from SIGSTRUCT' : body ? 'read from the quote' : 'as in deploy/'
  const sources = {
    ...from(program, read),
    ...(mrEnclave !== undefined && { mrEnclave: 'given' as const }),
    configId: body ? ('read from the quote' as const) : ('as in deploy/' as const),
  }
  return { program, sources }
}

function from(program: ProgramReference, source: Source): Record<string, Source> {
  const names = Object.keys(program).filter((name) => name !== 'tee')
  return Object.fromEntries(names.map((name) => [name, source]))
}

/**
 * Lines of YAML that stand below `roles: aggregator:` of what `policy new` reads; the source of each value beside it.
 */
export function fragment({ program, sources }: Reference): string[] {
  const shown = (value: unknown) => (Array.isArray(value) ? `[${value.map(quoted).join(', ')}]` : quoted(value))
  const lines = Object.entries(program).map(([name, value], at) => {
    const source = sources[name]
    return `${at === 0 ? '      - ' : '        '}${name}: ${shown(value)}${source === undefined ? '' : ` # ${source}`}`
  })
  return ['    programs:', ...lines]
}

/** Hexadecimal may look like a number to YAML, "00...0" or "1e9". */
const quoted = (value: unknown): string =>
  typeof value === 'string' && /^[0-9a-f]+$/i.test(value) ? `"${value}"` : String(value)
