/**
 * What may go wrong between two programs, as the operator of either meets it.
 *
 * `RpcError` is found at this side: a message, an address, a certificate, a connection, a call. `RemoteError` was thrown
 * by a handler of the other side and came back in the trailers of the call; its code belongs to whichever room there
 * threw it, so it is a checked string rather than a union.
 */
import { CodedError, type ErrorTable, type StatusName } from '../errors/index.ts'

export const rpcErrors = {
  WIRE_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A message has fields that are missing, too long, out of range or of an unknown kind.',
    next: 'Correct the fields the message names; if both programs are yours, check that their versions agree.',
  },
  WIRE_TOO_LARGE: {
    status: 'INVALID_ARGUMENT',
    cause: 'A message is larger than the receiver accepts (a chunk of 1 MiB and 64 KiB beside it).',
    next: 'Send byte streams in smaller chunks; make the job spec smaller if it is the spec that does not fit.',
  },
  ADDRESS_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'An address is not of the form host:port.',
    next: 'Write a host name, an IPv4 address or an IPv6 address in brackets, a colon, and a port from 1 to 65535.',
  },
  ADDRESS_IN_USE: {
    status: 'FAILED_PRECONDITION',
    cause: 'Another program listens on this address already.',
    next: 'Stop that program, or choose another port: the key `listen` in coffer.yaml or the option --listen.',
  },
  ADDRESS_UNAVAILABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'This machine may not listen on the address: it is not one of its own, or the port needs privileges.',
    next: 'Choose an address of this machine (0.0.0.0 for all) and a port above 1023: `listen` in coffer.yaml.',
  },
  PEER_UNREACHABLE: {
    status: 'UNAVAILABLE',
    cause: 'Nothing answers at the address: the program is not running, or a firewall or a wrong name is in the way.',
    next: 'Start the program at that address, or correct the address in coffer.yaml; `coffer doctor` tries each one.',
  },
  PEER_LOST: {
    status: 'UNAVAILABLE',
    cause: 'The connection broke during the call: the other program ended, or the network went away.',
    next: 'Nothing if the program reconnects by itself; otherwise see the log of the other side.',
  },
  PEER_DRAINING: {
    status: 'UNAVAILABLE',
    cause: 'The other program is shutting down and takes no new work.',
    next: 'Wait until it has started again; parties and the coordinator reconnect by themselves.',
  },
  PEER_NOT_TLS: {
    status: 'UNAVAILABLE',
    cause: 'What listens at the address does not speak TLS 1.3 with HTTP/2.',
    next: 'Check that the address is that of a coffer program and that no proxy on the way ends TLS.',
  },
  PEER_NOT_ATTESTED: {
    status: 'UNAUTHENTICATED',
    cause: 'The program at the address did not attest itself: it answered with something else, or not in time.',
    next: 'Check that the address is that of an aggregator and that both programs have the same version; see its log.',
  },
  PEER_CANNOT_ATTEST: {
    status: 'UNAVAILABLE',
    cause: 'The aggregator could not make evidence: its TEE gave no quote.',
    next: 'Have its operator look at its log and run coffer doctor there; the agent tries again by itself.',
  },
  PEER_OTHER_FEDERATION: {
    status: 'UNAUTHENTICATED',
    cause: "The other side's certificate was not issued by this federation's root.",
    next: 'Check the address and roots.pem on both sides; a program set up twice needs the newer certificates.',
  },
  PEER_OTHER_ROLE: {
    status: 'PERMISSION_DENIED',
    cause: 'The program at the address has another role than the caller expects there.',
    next: 'Check that the addresses of coordinator and aggregator in coffer.yaml are not exchanged.',
  },
  PEER_CERTIFICATE_EXPIRED: {
    status: 'UNAUTHENTICATED',
    cause: "The other side's certificate is not valid at this time, by this side's clock.",
    next: 'Renew the certificate of the program the message names, and compare the clocks of both machines.',
  },
  PEER_CERTIFICATE_INVALID: {
    status: 'UNAUTHENTICATED',
    cause: "The other side's certificate does not name one program of a federation (SPIFFE URI).",
    next: 'Issue that program a certificate with `coffer init`.',
  },
  PEER_REFUSED_US: {
    status: 'UNAUTHENTICATED',
    cause:
      "The other side closed the connection right after the handshake: it does not accept this program's certificate.",
    next: 'Read the log of the other side; check that both have the same roots.pem and that their clocks agree.',
  },
  IDENTITY_INVALID: {
    status: 'FAILED_PRECONDITION',
    cause: "This program's own certificate, key or roots cannot be used together.",
    next: 'Restore certificate.pem, key.pem and roots.pem from one `coffer init`, or issue them again.',
  },
  IDENTITY_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: "This program's own certificate is not valid at this time.",
    next: 'Issue a new certificate with `coffer init`, and check the clock of this machine.',
  },
  IDENTITY_NAME_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A federation, program, party or host name, or a number of days, cannot be put into a certificate.',
    next: 'Use small letters, digits and hyphens, beginning with a letter, at most 63 characters.',
  },
  IDENTITY_REQUEST_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A certificate request cannot be read, or was not signed with the key it is for.',
    next: 'Make the request again with `coffer init party` on the machine that will hold the key.',
  },
  IDENTITY_REQUEST_UNEXPECTED: {
    status: 'PERMISSION_DENIED',
    cause: 'A certificate request asks for another name or role than the one agreed.',
    next: 'Compare the name in the request with the name given to the command that signs it.',
  },
  CALL_NOT_ALLOWED: {
    status: 'PERMISSION_DENIED',
    cause: "The caller's role may not use this service.",
    next: 'Use the certificate of the role the message names; people use that of a user.',
  },
  CALL_UNKNOWN: {
    status: 'UNIMPLEMENTED',
    cause: 'The program at the address does not offer this call.',
    next: 'Check that the address is that of the right program, and that both programs have the same version.',
  },
  CALL_DEADLINE: {
    status: 'DEADLINE_EXCEEDED',
    cause: 'The answer did not come within the time the caller allowed.',
    next: 'Try again; if it stays so, see the log of the other side and the load of its machine.',
  },
  CALL_ABORTED: {
    status: 'CANCELLED',
    cause: 'The caller ended the call, or closed its connection, before the answer was complete.',
    next: 'Nothing: somebody on the calling side wanted it so.',
  },
  CALL_FAILED: {
    status: 'INTERNAL',
    cause: 'The other side failed in a way it has no code for; its log has the details under the correlation id.',
    next: 'Search the log of the other side for the correlation id, and report it as a bug.',
  },
} as const satisfies ErrorTable<string>

export type RpcCode = keyof typeof rpcErrors

export class RpcError extends CodedError<RpcCode> {
  constructor(code: RpcCode, message: string, options?: ErrorOptions) {
    super(rpcErrors, code, message, options)
  }
}

/** What a client throws when a handler of the other side refused: `code` is that side's, already checked and bounded. */
export class RemoteError extends CodedError<string> {
  constructor(code: string, status: StatusName, message: string, options?: ErrorOptions) {
    const row = { status, cause: 'The other side refused the call.', next: `Look up ${code} in docs/errors.md.` }
    super({ [code]: row }, code, message, options)
  }
}
