/**
 * Where collateral comes from: Intel's PCS, or a PCCS with the same paths (Intel PCS API version 4). They differ in where
 * the root's revocation list is: Intel's is at its distribution point, a PCCS has a path for it.
 */
import type { Platform } from '../../src/attestation/index.ts'
import { CollateralError } from './errors.ts'

const INTEL = 'https://api.trustedservices.intel.com'
const INTEL_ROOT_CRL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'

export interface ServiceOptions {
  /** Base URL; with or without /sgx/certification/v4 at its end, as it stands in the configuration of Intel's tools. */
  readonly service?: string
  readonly rootCrl?: string
  readonly authorities?: string
}

export interface Service {
  /** Without a slash at its end. */
  readonly base: string
  readonly rootCrl: URL
  readonly authorities: string | undefined
  /** Plain http, so that anybody on the way may hold back newer collateral; only ever on this machine. */
  readonly plain: boolean
}

/** Throws CollateralError COLLATERAL_SERVICE_URL. */
export function parseCollateralService(options: ServiceOptions): Service {
  const { href, protocol } = parseUrl(options.service ?? INTEL)
  const base = href.replace(/\/+$/, '').replace(/\/(?:sgx|tdx)\/certification\/v4$/, '')
  const own = base === INTEL ? INTEL_ROOT_CRL : `${base}/sgx/certification/v4/rootcacrl`
  const rootCrl = parseUrl(options.rootCrl ?? own)
  const plain = protocol === 'http:' || rootCrl.protocol === 'http:'
  return { base, rootCrl, authorities: options.authorities, plain }
}

function parseUrl(text: string): URL {
  const refuse = (what: string, why: string) => new CollateralError('COLLATERAL_SERVICE_URL', `"${what}" ${why}`)
  if (!URL.canParse(text)) throw refuse(text.slice(0, 200), 'is not a URL')
  const url = new URL(text)
  const shown = `${url.protocol}//${url.host}`
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw refuse(shown, 'has a user, a query or a fragment, which the address of a service does not have')
  }
  if (url.protocol === 'https:') return url
  if (url.protocol !== 'http:') throw refuse(shown, 'is neither https nor http')
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) return url
  throw refuse(shown, 'is plain http to another machine')
}

/** The header with the issuer chain has two names: Intel renamed it in version 4, and some caches did not. */
export const questions = {
  pckCrl: {
    name: 'the PCK CRL',
    url: ({ base }: Service, { ca }: Platform) => new URL(`${base}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`),
    chain: ['sgx-pck-crl-issuer-chain'],
  },
  rootCrl: { name: 'the CRL of the root', url: ({ rootCrl }: Service) => rootCrl, chain: [] },
  tcbInfo: {
    name: 'TCB info',
    url: ({ base }: Service, { tee, fmspc }: Platform) =>
      new URL(`${base}/${tee}/certification/v4/tcb?fmspc=${fmspc.toUpperCase()}`),
    chain: ['tcb-info-issuer-chain', 'sgx-tcb-info-issuer-chain'],
  },
  qeIdentity: {
    name: 'QE identity',
    url: ({ base }: Service, { tee }: Platform) => new URL(`${base}/${tee}/certification/v4/qe/identity`),
    chain: ['sgx-enclave-identity-issuer-chain'],
  },
} as const

export type Question = keyof typeof questions
