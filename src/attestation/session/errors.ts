/**
 * *The evidence is not of this session*: genuine or not, it speaks of another connection, key, role, federation, run or
 * policy than the one the party has before it. What is wrong with the quote itself is in ../errors.ts.
 */
import type { ErrorTable } from '../../errors/index.ts'
import { AttestationError, type Reason } from '../errors.ts'

const relay =
  'Do not send anything to this address: find out which machine answers there, and who stands between it and the aggregator.'

export const sessionErrors = {
  SESSION_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause: 'The aggregator answered the attestation request with something that is not an attestation answer.',
    next: 'Check that the versions of the party agent and the aggregator agree, and that the address is the aggregator.',
  },
  SESSION_ROLE: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence is of a program in another role than the aggregator, such as the answer of a party sent back.',
    next: relay,
  },
  SESSION_FEDERATION: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence is of an aggregator that serves another federation.',
    next: 'Correct the address of the aggregator in coffer.yaml, or have its operator start it for this federation.',
  },
  SESSION_RUN: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence is bound to another run or another job than this session is for.',
    next: relay,
  },
  SESSION_POLICY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The aggregator enforces another attestation policy than the one this party has accepted.',
    next: 'Install the newest signed policy of the federation at whichever side is behind, and restart that program.',
  },
  SESSION_ROOTS: {
    status: 'PERMISSION_DENIED',
    cause: 'The aggregator takes other certificates for members of the federation than this party does.',
    next: 'Compare roots.pem of both sides: with a root of its own a host could join parties of its own, and subtract them.',
  },
  SESSION_SERVER_KEY: {
    status: 'PERMISSION_DENIED',
    cause: 'The attested program uses another TLS key than the server at the end of this connection.',
    next: relay,
  },
  SESSION_CLIENT_KEY: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence was made for a client with another TLS key: somebody else asked for it.',
    next: relay,
  },
  SESSION_NONCE: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence answers another nonce than the one this party sent: it was recorded and played again.',
    next: relay,
  },
  SESSION_CONNECTION: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence is bound to another TLS session: it was taken from another connection and relayed.',
    next: relay,
  },
  SESSION_KEY_TIME: {
    status: 'FAILED_PRECONDITION',
    cause: 'The attestation key is too old, not valid yet, or meant to live longer than is allowed.',
    next: 'Compare the clocks of the two machines (the message has both times) and set them by NTP.',
  },
  SESSION_PROOF: {
    status: 'PERMISSION_DENIED',
    cause: 'The attestation key did not sign this session.',
    next: relay,
  },
} as const satisfies ErrorTable<string>

export type SessionCode = keyof typeof sessionErrors

export class SessionError extends AttestationError<SessionCode> {
  constructor(code: SessionCode, text: string, options?: ErrorOptions & { more?: readonly Reason<SessionCode>[] }) {
    super(sessionErrors, [{ code, text }, ...(options?.more ?? [])], options)
  }
}
