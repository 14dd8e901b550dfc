/**
 * GET with every bound that a hostile or broken server needs: time (the signal), size of headers and body, no redirects,
 * no compression, so that a small answer cannot become a large one. What goes wrong comes out as a CollateralError.
 */
import { X509Certificate } from 'node:crypto'
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { CollateralError } from './errors.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/** TCB info has 20 kB; a revocation list of 10,000 certificates has 400 kB. */
export const MAXIMUM_ANSWER_BYTES = 2 ** 20
/** Issuer chains travel in headers, 4 kB each. */
const MAXIMUM_HEADER_BYTES = 32 * 1024
/** A base URL has four answers to give. */
const CONNECTIONS = 4

export interface HttpClient extends Disposable {
  /** Throws CollateralError COLLATERAL_UNREACHABLE, COLLATERAL_TLS, COLLATERAL_TOO_LARGE, COLLATERAL_ANSWER_INVALID. */
  get(url: URL, signal: AbortSignal): Promise<Answer>
}

/** `authorities`: PEM, instead of the usual ones. Throws COLLATERAL_TLS when it is none. */
export function createHttpClient(authorities: string | undefined): HttpClient {
  if (authorities !== undefined) requireCertificate(authorities)
  const pool = { keepAlive: true, maxSockets: CONNECTIONS }
  const plain = new HttpAgent(pool)
  const secure = new HttpsAgent({ ...pool, ...(authorities !== undefined && { ca: authorities }) })
  return {
    async get(url, signal) {
      try {
        return await readAnswer(await send(url, url.protocol === 'https:' ? secure : plain, signal), url)
      } catch (error) {
        throw signal.aborted || error instanceof CollateralError ? error : failed(url, error)
      }
    },
    [Symbol.dispose]() {
      plain.destroy()
      secure.destroy()
    },
  }
}

function send(url: URL, agent: HttpAgent, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = { 'accept-encoding': 'identity' }
  return new Promise((resolve, reject) => {
    request(url, { agent, signal, headers, maxHeaderSize: MAXIMUM_HEADER_BYTES })
      .on('response', resolve)
      .on('error', reject)
      .end()
  })
}

async function readAnswer(response: IncomingMessage, url: URL): Promise<Answer> {
  try {
    const { statusCode: status = 0, headers } = response
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') throw invalid(url, `an answer encoded with ${encoding.slice(0, 40)}, asked for none`)
    const length = Number(headers['content-length'] ?? 0)
    if (length > MAXIMUM_ANSWER_BYTES) throw tooLarge(url, `${length} bytes`)
    return { status, headers, body: await readBody(response, url) }
  } finally {
    response.destroy()
  }
}

async function readBody(response: IncomingMessage, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw invalid(url, 'a body that is not bytes')
    size += chunk.length
    if (size > MAXIMUM_ANSWER_BYTES) throw tooLarge(url, `${size} bytes or more`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks, size))
}

/** By the error codes of Node, OpenSSL and llhttp. */
const kinds = [
  [/^HPE_HEADER_OVERFLOW$/, 'COLLATERAL_TOO_LARGE', `headers of more than ${MAXIMUM_HEADER_BYTES} bytes`],
  [/^HPE_/, 'COLLATERAL_ANSWER_INVALID', 'it does not speak HTTP'],
  [/^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_|EPROTO$)/, 'COLLATERAL_TLS', ''],
] as const

function failed(url: URL, cause: unknown): CollateralError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const [, family = 'COLLATERAL_UNREACHABLE', text = ''] = kinds.find(([pattern]) => pattern.test(code)) ?? []
  const why = text || (cause instanceof Error && cause.message !== '' ? cause.message : code)
  return new CollateralError(family, `${addressOf(url)}: ${why}`, { cause })
}

function requireCertificate(pem: string): void {
  try {
    new X509Certificate(pem)
  } catch (cause) {
    throw new CollateralError('COLLATERAL_TLS', 'the authorities of the service are not certificates in PEM', { cause })
  }
}

/** Without the query, for messages. */
export const addressOf = (url: URL): string => `${url.origin}${url.pathname}`

const tooLarge = (url: URL, found: string): CollateralError =>
  new CollateralError('COLLATERAL_TOO_LARGE', `${addressOf(url)}: found ${found}, at most ${MAXIMUM_ANSWER_BYTES}`)

export const invalid = (url: URL, found: string, cause?: unknown): CollateralError =>
  new CollateralError('COLLATERAL_ANSWER_INVALID', `${addressOf(url)}: found ${found}`, { cause })
