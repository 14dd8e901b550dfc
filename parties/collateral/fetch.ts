/**
 * One platform's collateral from a PCS or PCCS: four requests at once, under one deadline. What comes back is hostile
 * until it has the form of collateral for the platform that was asked for; signatures are the verifier's matter.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { EvidenceError, type Platform } from '../../src/attestation/index.ts'
import { CollateralError } from './errors.ts'
import { type CollateralFields, platformName, readCollateral, type ReadCollateral } from './form.ts'
import { addressOf, type Answer, createHttpClient, type HttpClient, invalid } from './http.ts'
import { rawMember } from './raw-member.ts'
import { revocationListHex } from './revocation-list.ts'
import { type Question, questions, type Service } from './service.ts'
import { CONNECT_MS } from '../../src/timeouts/index.ts'

export interface FetchOptions {
  readonly signal: AbortSignal
  /** For everything together, waiting for a busy service included; 30 s unless told. */
  readonly timeoutMs?: number
  /** Milliseconds since 1970; for a busy service that names a time of day. */
  readonly now: () => number
  /** Called for each answer; of how many there will be. */
  readonly progress?: (answer: string, received: number, of: number) => void
}

const FETCH_TIMEOUT_MS = 0.4 * CONNECT_MS
/** Requests to a service that says it is busy, the first one included. */
const ATTEMPTS = 3

/** Throws CollateralError. */
export async function fetchCollateral(
  platform: Platform,
  service: Service,
  options: FetchOptions,
): Promise<ReadCollateral> {
  const { signal, timeoutMs = FETCH_TIMEOUT_MS } = options
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(timeout(platform, service, timeoutMs)), timeoutMs)
  const cancel = () => end.abort(cancelled(platform))
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  using client = createHttpClient(service.authorities)
  try {
    return read(platform, service, await askAll(client, platform, service, end, options))
  } catch (error) {
    throw end.signal.aborted ? end.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
}

/** The first failure ends the others, so that nothing of it is left when this returns. */
async function askAll(
  client: HttpClient,
  platform: Platform,
  service: Service,
  end: AbortController,
  options: FetchOptions,
): Promise<Record<Question, Answer>> {
  const each = Object.keys(questions).length
  let received = 0
  const one = async (question: Question): Promise<Answer> => {
    try {
      const answer = await ask(client, question, questions[question].url(service, platform), end.signal, options)
      received += 1
      options.progress?.(questions[question].name, received, each)
      return answer
    } catch (error) {
      end.abort(error)
      throw error
    }
  }
  const all = [one('pckCrl'), one('rootCrl'), one('tcbInfo'), one('qeIdentity')] as const
  await Promise.allSettled(all)
  const [pckCrl, rootCrl, tcbInfo, qeIdentity] = await Promise.all(all)
  return { pckCrl, rootCrl, tcbInfo, qeIdentity }
}

async function ask(
  client: HttpClient,
  question: Question,
  url: URL,
  signal: AbortSignal,
  { now, timeoutMs = FETCH_TIMEOUT_MS }: FetchOptions,
): Promise<Answer> {
  const what = `${questions[question].name} from ${addressOf(url)}`
  for (let attempt = 1; ; attempt += 1) {
    const answer = await client.get(url, signal)
    const { status, headers } = answer
    if (status === 200) return answer
    if (status === 429 || status === 503) {
      const pauseMs = pauseOf(headers['retry-after'], now())
      const later = `come back ${pauseMs === undefined ? 'later' : `in ${Math.ceil(pauseMs / 1000)} s`}`
      if (attempt === ATTEMPTS || pauseMs === undefined || pauseMs > timeoutMs) {
        throw new CollateralError('COLLATERAL_BUSY', `${what}: HTTP status ${status}, ${later}`)
      }
      await wait(pauseMs, undefined, { signal })
    } else if (question === 'tcbInfo' && (status === 404 || status === 461)) {
      const asked = url.searchParams.get('fmspc')
      throw new CollateralError('COLLATERAL_UNKNOWN_PLATFORM', `${what}: HTTP status ${status} for FMSPC ${asked}`)
    } else {
      const { location } = headers
      const elsewhere = location === undefined ? '' : `, to ${location.slice(0, 200)}; redirects are not followed`
      throw new CollateralError('COLLATERAL_REFUSED', `${what}: HTTP status ${status}${elsewhere}`)
    }
  }
}

/** RFC 9110, section 10.2.3: seconds, or a date. Undefined where there is none. */
function pauseOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const pause = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(pause) ? undefined : Math.max(0, pause)
}

function read(platform: Platform, service: Service, answers: Record<Question, Answer>): ReadCollateral {
  const url = (question: Question): URL => questions[question].url(service, platform)
  const [tcbInfo, tcbSignature] = signedText(answers.tcbInfo, url('tcbInfo'), 'tcbInfo')
  const [identity, identitySignature] = signedText(answers.qeIdentity, url('qeIdentity'), 'enclaveIdentity')
  const fields: CollateralFields = {
    pck_crl_issuer_chain: chainOf('pckCrl', answers.pckCrl, url('pckCrl')),
    root_ca_crl: revocationListHex(answers.rootCrl, url('rootCrl')),
    pck_crl: revocationListHex(answers.pckCrl, url('pckCrl')),
    tcb_info_issuer_chain: chainOf('tcbInfo', answers.tcbInfo, url('tcbInfo')),
    tcb_info: tcbInfo,
    tcb_info_signature: tcbSignature,
    qe_identity_issuer_chain: chainOf('qeIdentity', answers.qeIdentity, url('qeIdentity')),
    qe_identity: identity,
    qe_identity_signature: identitySignature,
  }
  const found = parse(fields, service)
  if (platformName(found.platform) === platformName(platform)) return found
  const text = `${service.base}: asked for ${platformName(platform)}, found ${platformName(found.platform)}`
  throw new CollateralError('COLLATERAL_MISMATCH', text)
}

function parse(fields: CollateralFields, { base }: Service): ReadCollateral {
  try {
    return readCollateral(fields)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    const text = `${base}: ${error.code}: ${error.message}`
    throw new CollateralError('COLLATERAL_ANSWER_INVALID', text, { cause: error })
  }
}

/** { "<name>": {...}, "signature": "hex" }: the text of the first as it stands there, and the second. */
function signedText({ body, headers }: Answer, url: URL, name: string): readonly [text: string, signature: string] {
  const type = headers['content-type'] ?? 'nothing'
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) {
    throw invalid(url, `content type ${type.slice(0, 60)}, expected application/json`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    const value: unknown = JSON.parse(text)
    const document = rawMember(text, name)
    const signature = rawMember(text, 'signature')
    if (typeof value !== 'object' || value === null || document === undefined || signature === undefined) {
      throw invalid(url, `no ${name} with a signature, or one of them twice`)
    }
    return [document, String(JSON.parse(signature))]
  } catch (error) {
    throw error instanceof CollateralError ? error : invalid(url, 'a body that is not JSON', error)
  }
}

/** The issuer and the root as URL-encoded PEM. */
function chainOf(question: Question, { headers }: Answer, url: URL): string {
  const names: readonly string[] = questions[question].chain
  const [value] = names.flatMap((name) => headers[name] ?? [])
  if (value === undefined || value === '') {
    const text = `${questions[question].name} from ${addressOf(url)}: no header ${names.join(' or ')}`
    throw new CollateralError('COLLATERAL_CHAIN_MISSING', text)
  }
  try {
    return `${decodeURIComponent(value).trim()}\n`
  } catch (error) {
    throw invalid(url, 'an issuer chain that is not URL-encoded', error)
  }
}

function timeout(platform: Platform, { base }: Service, timeoutMs: number): CollateralError {
  const text = `${base}: collateral of ${platformName(platform)} was not complete after ${timeoutMs} ms`
  return new CollateralError('COLLATERAL_TIMEOUT', text)
}

export const cancelled = (platform: Platform): CollateralError =>
  new CollateralError('COLLATERAL_CANCELLED', `fetching collateral of ${platformName(platform)} was cancelled`)
