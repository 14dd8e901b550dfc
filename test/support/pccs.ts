/**
 * A collateral service on a real socket: the paths, headers and encodings of Intel's PCS and of PCCS (API version 4),
 * filled by simulated platforms. It can be told to misbehave, one question at a time, as servers and the way to them do.
 */
import { X509Certificate } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { gzipSync } from 'node:zlib'
import type { SimulatedPlatform } from '../../src/tee/simulator/index.ts'

/** pcs: everything in DER; pccs: the root's list in hex; old-pccs: both lists in hex, older header; pem: lists as PEM. */
export type PccsStyle = 'pcs' | 'pccs' | 'old-pccs' | 'pem'
export type PccsQuestion = 'pckCrl' | 'rootCrl' | 'tcbInfo' | 'qeIdentity'

export interface HonestAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** Answers in its own way; calling `honest` gives the good answer, or another one under the same rules. */
export type Misbehaviour = (response: ServerResponse, answer: HonestAnswer) => void

const send = (response: ServerResponse, { status, headers, body }: HonestAnswer): void => {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}
const MANY = 'x'.repeat(64 * 1024)

export const misbehaviours = {
  slow: () => undefined,
  truncated(response, { headers, body }) {
    response.writeHead(200, { ...headers, 'content-length': body.length })
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  },
  half: (response, answer) => send(response, { ...answer, body: answer.body.subarray(0, answer.body.length / 2) }),
  empty: (response, answer) => send(response, { ...answer, body: new Uint8Array(0) }),
  huge: (response, { headers }) => void response.writeHead(200, { ...headers, 'content-length': 2 ** 40 }).write(MANY),
  endless(response, { headers }) {
    response.writeHead(200, headers)
    const more = () => void response.write(MANY, (error) => error ?? more())
    more()
  },
  'endless header'(response) {
    const socket = response.socket
    socket?.on('error', () => socket.destroy())
    const more = () => void socket?.write(MANY, (error) => error ?? more())
    socket?.write('HTTP/1.1 200 OK\r\nx-long: ', more)
  },
  'login page': (response) =>
    send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<h1>log in</h1>') }),
  'no chain': (response, { status, body, headers: { 'content-type': type = '' } }) =>
    send(response, { status, body, headers: { 'content-type': type } }),
  'chain not encoded': (response, answer) =>
    send(
      response,
      withChain(answer, () => '%ZZ'),
    ),
  'chain cut': (response, answer) =>
    send(
      response,
      withChain(answer, (chain) => chain.slice(0, chain.length / 2)),
    ),
  redirect: (response) =>
    send(response, { status: 302, headers: { location: 'https://elsewhere.example/' }, body: new Uint8Array(0) }),
  'gzip bomb': (response, { headers }) =>
    send(response, {
      status: 200,
      headers: { ...headers, 'content-encoding': 'gzip' },
      body: gzipSync(new Uint8Array(2 ** 24)),
    }),
  reset: (response) => void response.socket?.resetAndDestroy(),
  'not HTTP': (response) => void response.socket?.end('220 mail.example ESMTP\r\n'),
  'not JSON': (response, answer) => send(response, { ...answer, body: Buffer.from('{"tcbInfo":') }),
  'not UTF-8': (response, answer) => send(response, { ...answer, body: Buffer.from(answer.body).fill(0xff, 20, 21) }),
  'document twice': (response, answer) => {
    const text = Buffer.from(answer.body).toString()
    send(response, { ...answer, body: Buffer.from(text.replace(/^\{("\w+":)/, '{$1{},$1')) })
  },
  'no signature': (response, answer) => {
    const text = Buffer.from(answer.body).toString()
    send(response, { ...answer, body: Buffer.from(text.replace('"signature"', '"signed"')) })
  },
  'of another platform': (response, answer) => {
    const text = Buffer.from(answer.body).toString()
    send(response, { ...answer, body: Buffer.from(text.replace(/"fmspc":"\w+"/, '"fmspc":"00906ED50000"')) })
  },
  error: (response, { headers }) => send(response, { status: 500, headers, body: Buffer.from('sorry') }),
  'not found': (response, { headers }) => send(response, { status: 404, headers, body: Buffer.from('no') }),
  'unknown to this PCCS': (response, { headers }) =>
    send(response, { status: 461, headers, body: Buffer.from('The platform was not found in the cache.') }),
  'busy for an hour': (response) => busy(response, 429, '3600'),
  'busy until a date': (response) => busy(response, 503, 'Fri, 01 Jan 2100 00:00:00 GMT'),
  'busy without a time': (response) => busy(response, 503),
  'busy for no time': (response) => busy(response, 429, '0'),
} as const satisfies Record<string, Misbehaviour>

const busy = (response: ServerResponse, status: number, after?: string): void =>
  send(response, { status, headers: after === undefined ? {} : { 'retry-after': after }, body: new Uint8Array(0) })

function withChain(answer: HonestAnswer, change: (chain: string) => string): HonestAnswer {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, /chain$/i.test(name) ? change(value) : value]),
  )
  return { ...answer, headers }
}

export interface Pccs extends AsyncDisposable {
  readonly url: string
  /** Where a PCS has the root's list. */
  readonly rootCrlUrl: string
  /** Path and query of each request, in their order. */
  readonly requests: string[]
  /** What it serves from now on. */
  fill(platforms: readonly SimulatedPlatform[]): void
  /** For the next `times` requests, for ever unless told. */
  misbehave(question: PccsQuestion, how: keyof typeof misbehaviours | Misbehaviour, times?: number): void
  behave(): void
  /** Resolves when so many requests have come. */
  asked(count: number): Promise<void>
  /** Resolves when no connection is open. */
  idle(): Promise<void>
}

export interface PccsOptions {
  readonly platforms: readonly SimulatedPlatform[]
  readonly style?: PccsStyle
  readonly tls?: { readonly key: string; readonly cert: string }
}

export async function createPccs({ platforms, style = 'pccs', tls }: PccsOptions): Promise<Pccs> {
  let served = platforms
  const requests: string[] = []
  const faults = new Map<PccsQuestion, { how: Misbehaviour; left: number }>()
  const waiting: { done: () => void; when: () => boolean }[] = []
  const settle = () => {
    for (const each of waiting) if (each.when()) each.done()
  }
  const until = (when: () => boolean) =>
    new Promise<void>((done) => {
      waiting.push({ done, when })
      settle()
    })

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://pccs.example')
    requests.push(`${url.pathname}${url.search}`)
    const [question, answer] = answerTo(url, served, style)
    const fault = question === undefined ? undefined : faults.get(question)
    if (fault === undefined || fault.left === 0) send(response, answer)
    else {
      fault.left -= 1
      fault.how(response, answer)
    }
    settle()
  }
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener)
  let open = 0
  server.on('connection', (socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
      settle()
    })
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const url = `http${tls === undefined ? '' : 's'}://127.0.0.1:${address.port}`
  return {
    url,
    rootCrlUrl: `${url}/IntelSGXRootCA.der`,
    requests,
    fill(next) {
      served = next
    },
    misbehave(question, how, times = Infinity) {
      faults.set(question, { how: typeof how === 'string' ? misbehaviours[how] : how, left: times })
    },
    behave: () => faults.clear(),
    asked: (count) => until(() => requests.length >= count),
    idle: () => until(() => open === 0),
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

const NOT_FOUND: HonestAnswer = { status: 404, headers: {}, body: Buffer.from('No cache data for this platform.') }

function answerTo(
  url: URL,
  platforms: readonly SimulatedPlatform[],
  style: PccsStyle,
): [PccsQuestion | undefined, HonestAnswer] {
  const [, tee = ''] = /^\/(sgx|tdx)\/certification\/v4\//.exec(url.pathname) ?? []
  const path = url.pathname.replace(/^\/(?:sgx|tdx)\/certification\/v4\//, '')
  const ofTee = (each: SimulatedPlatform): boolean => each.tee.startsWith(tee)
  const found = (question: PccsQuestion, platform: SimulatedPlatform | undefined): [PccsQuestion, HonestAnswer] => [
    question,
    platform === undefined ? NOT_FOUND : answerOf(question, platform.collateral, url, style),
  ]
  if (path === '/IntelSGXRootCA.der') return style === 'pcs' ? found('rootCrl', platforms[0]) : [undefined, NOT_FOUND]
  if (tee === 'sgx' && path === 'rootcacrl') {
    return style === 'pcs' ? [undefined, NOT_FOUND] : found('rootCrl', platforms[0])
  }
  if (tee === 'sgx' && path === 'pckcrl') {
    const ca = url.searchParams.get('ca')
    return found(
      'pckCrl',
      platforms.find((each) => authorityOf(each) === ca),
    )
  }
  if (path === 'tcb') {
    const fmspc = url.searchParams.get('fmspc')?.toLowerCase()
    return found(
      'tcbInfo',
      platforms.find((each) => ofTee(each) && fmspcOf(each) === fmspc),
    )
  }
  if (path === 'qe/identity') return found('qeIdentity', platforms.find(ofTee))
  return [undefined, NOT_FOUND]
}

function answerOf(
  question: PccsQuestion,
  collateral: SimulatedPlatform['collateral'],
  url: URL,
  style: PccsStyle,
): HonestAnswer {
  const answer = (type: string, body: string | Uint8Array, header?: string, chain = ''): HonestAnswer => ({
    status: 200,
    headers: { 'content-type': type, ...(header !== undefined && { [header]: encodeURIComponent(chain) }) },
    body: Buffer.from(body),
  })
  if (question === 'rootCrl') {
    const hex = collateral.root_ca_crl
    const body = style === 'pcs' ? Buffer.from(hex, 'hex') : style === 'pem' ? pemOf(hex) : hex.toUpperCase()
    return answer('application/pkix-crl', body)
  }
  if (question === 'pckCrl') {
    const hex = collateral.pck_crl
    const chain = ['SGX-PCK-CRL-Issuer-Chain', collateral.pck_crl_issuer_chain] as const
    if (style === 'old-pccs') return answer('application/pkix-crl', hex, ...chain)
    const pem = style === 'pem' || url.searchParams.get('encoding') !== 'der'
    const type = pem ? 'application/x-pem-file' : 'application/pkix-crl'
    return answer(type, pem ? pemOf(hex) : Buffer.from(hex, 'hex'), ...chain)
  }
  if (question === 'tcbInfo') {
    const header = style === 'old-pccs' ? 'SGX-TCB-Info-Issuer-Chain' : 'TCB-Info-Issuer-Chain'
    const body = `{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`
    return answer('application/json', body, header, collateral.tcb_info_issuer_chain)
  }
  const body = `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`
  return answer('application/json', body, 'SGX-Enclave-Identity-Issuer-Chain', collateral.qe_identity_issuer_chain)
}

const pemOf = (hex: string): string => {
  const lines =
    Buffer.from(hex, 'hex')
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`
}

const authorityOf = ({ collateral }: SimulatedPlatform): string =>
  /Processor CA/.test(new X509Certificate(collateral.pck_crl_issuer_chain).subject) ? 'processor' : 'platform'

const fmspcOf = ({ collateral }: SimulatedPlatform): string =>
  /"fmspc":"([0-9A-Fa-f]{12})"/.exec(collateral.tcb_info)?.[1]?.toLowerCase() ?? ''
