/** What both sides of the mTLS network share. Only tests choose other settings than these. */
import { CALL_MS, CONNECT_MS } from '../../timeouts/index.ts'

export interface GrpcSettings {
  /** Milliseconds since the epoch: the clock by which certificates are judged beside OpenSSL's. */
  readonly now: () => number
  /** A ping after this much silence, and how long its answer may take: a frozen peer is noticed within their sum. */
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  /** From TCP connection to finished TLS handshake. */
  readonly handshakeMs: number
  /** From the request for evidence to its verdict: a TDX quote may take 30 s, collateral as long. */
  readonly attestationMs: number
  /** First pause before dialling again; it grows by 1.6 to `backoffLimitMs`, each time with 20 % of jitter. */
  readonly backoffMs: number
  readonly backoffLimitMs: number
}

export const defaultSettings: GrpcSettings = {
  now: Date.now,
  keepaliveMs: CALL_MS / 2,
  keepaliveTimeoutMs: CALL_MS / 2,
  handshakeMs: CALL_MS / 2,
  attestationMs: CONNECT_MS,
  backoffMs: 500,
  backoffLimitMs: 5_000,
}

/**
 * Bytes that may be under way to a client on one stream: a download over 50 ms of distance runs at 66 MB/s, with
 * HTTP/2's own 64 KiB at 0.8 MB/s.
 */
export const DOWNLOAD_WINDOW = 8 * 1024 * 1024
/**
 * The same towards a server on a stream whose caller has not been admitted to an upload. There may be a thousand callers
 * with 64 streams each, and this is what each stream costs when nobody reads it.
 */
export const WAITING_WINDOW = 64 * 1024
/**
 * And on the streams of a caller that has been, for each millisecond of distance: 320 MB/s need half of it, and HTTP/2
 * for Node gives a window back only by halves. So much is held of an upload while the program is busy with something
 * else, out of the processor's cache, so a window is no wider than the distance asks for.
 */
export const UPLOAD_WINDOW_PER_MILLISECOND = 640 * 1024
export const LEAST_UPLOAD_WINDOW = 1024 * 1024
/** 50 ms: beyond, the world is round. */
export const UPLOAD_WINDOW = 32 * 1024 * 1024
/**
 * For all streams of a connection together. What nobody reads is bounded by the windows of the streams alone: Node gives
 * this one back as soon as bytes have come, so that one stream that is not read does not stop the others.
 */
export const SESSION_WINDOW = 2 * UPLOAD_WINDOW
/** Messages a stream object reads ahead of its consumer; the default of 16 would be 16 MiB of chunks. */
export const READ_AHEAD = 2
