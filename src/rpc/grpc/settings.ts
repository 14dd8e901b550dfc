/** What both sides of the mTLS network share. Only tests choose other settings than these. */
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
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 8_000,
  handshakeMs: 10_000,
  attestationMs: 75_000,
  backoffMs: 500,
  backoffLimitMs: 5_000,
}

/**
 * Bytes that may be under way to a client on one stream: a download over 50 ms of distance runs at 66 MB/s, with
 * HTTP/2's own 64 KiB at 0.8 MB/s.
 */
export const DOWNLOAD_WINDOW = 8 * 1024 * 1024
/**
 * The same towards a server, which has a thousand clients: it is what each upload that waits its turn costs in memory.
 * 20 MB/s over 50 ms of distance.
 */
export const UPLOAD_WINDOW = 1024 * 1024
/** For all streams of a connection together: one that nobody reads must not stop the others. */
export const SESSION_WINDOW = 2 * UPLOAD_WINDOW
/** Messages a stream object reads ahead of its consumer; the default of 16 would be 16 MiB of chunks. */
export const READ_AHEAD = 2
