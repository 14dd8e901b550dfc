import { CodedError, type ErrorTable } from '../errors/index.ts'

export const teeErrors = {
  TEE_REPORT_DATA_LENGTH: {
    status: 'INTERNAL',
    cause: 'A quote was asked for with report data of another length than 64 bytes.',
    next: 'This is a mistake in the program: report it with the message.',
  },
  TEE_NOT_FOUND: {
    status: 'FAILED_PRECONDITION',
    cause: 'This machine offers no TEE interface of the kind that was asked for.',
    next: 'Run the aggregator in a TDX VM, or in SGX under Gramine or Occlum; `coffer doctor` says what was found here.',
  },
  TEE_NO_PROVIDER: {
    status: 'FAILED_PRECONDITION',
    cause: 'The kernel has configfs-tsm, but no driver that provides attestation reports.',
    next: 'Load the driver (`modprobe tdx-guest`) inside a TDX VM; in a plain VM or on a host there is none.',
  },
  TEE_OTHER_PROVIDER: {
    status: 'FAILED_PRECONDITION',
    cause: 'Attestation reports of this VM come from another kind of TEE than was asked for.',
    next: 'Choose the attester that fits this VM; SEV-SNP evidence can be collected, but nothing here verifies it.',
  },
  TEE_PERMISSION: {
    status: 'PERMISSION_DENIED',
    cause: 'The system does not let this program use the TEE interface.',
    next: 'Run the aggregator as root inside the VM, or give it the files that the message names.',
  },
  TEE_BUSY: {
    status: 'UNAVAILABLE',
    cause: 'Another quote was being made by this machine for as long as this one could wait.',
    next: 'Try again; if it stays, find the program that keeps asking for quotes, or restart the VM.',
  },
  TEE_INTERRUPTED: {
    status: 'UNAVAILABLE',
    cause: 'The request for a quote was interrupted again and again.',
    next: 'Try again; if it stays, look at the kernel log.',
  },
  TEE_QUOTE_TIMEOUT: {
    status: 'DEADLINE_EXCEEDED',
    cause: 'The quote did not come in time: the host, or its quote generation service, does not answer.',
    next: 'Ask the operator of the host whether the service runs (QGS for TDX, AESM for SGX), then try again.',
  },
  TEE_QUOTE_RACE: {
    status: 'UNAVAILABLE',
    cause: 'Another program wrote to, removed or changed the size of the request for this quote.',
    next: 'Find the other program with access to the TEE interface: nothing else should have it.',
  },
  TEE_QUOTE_SHORT: {
    status: 'UNAVAILABLE',
    cause: 'The device reported success but gave nothing or too little: kernels before 2026 hide errors this way.',
    next: 'Look at the kernel log and at the quote generation service of the host, and use a newer kernel.',
  },
  TEE_QUOTE_STALE: {
    status: 'UNAVAILABLE',
    cause: 'The device gave a quote over other report data than it was asked for.',
    next: 'Find the other program with access to the TEE interface, and do not use the quote.',
  },
  TEE_QUOTE_UNUSABLE: {
    status: 'UNAVAILABLE',
    cause: 'The device gave evidence that cannot be read, or of another kind of TEE.',
    next: 'Look at the message; a new form of quote needs a newer version of this program.',
  },
  TEE_MEASUREMENT_CHANGED: {
    status: 'INTERNAL',
    cause: 'Two quotes of the same running enclave named different measurements.',
    next: 'Do not trust this machine: stop the aggregator and examine the platform.',
  },
  TEE_DEVICE_FAILED: {
    status: 'UNAVAILABLE',
    cause: 'A TEE interface failed, as the message says.',
    next: 'Look at the kernel log and at the quote generation service of the host (QGS for TDX, AESM for SGX).',
  },
  TEE_ENTRY_LEFT: {
    status: 'INTERNAL',
    cause: 'The entry that a quote needed in configfs could not be removed again.',
    next: 'Remove the directory that the message names with rmdir, which takes an empty name only, not with rm -r.',
  },
  TEE_GRAMINE_TYPE: {
    status: 'FAILED_PRECONDITION',
    cause: 'Gramine runs without DCAP attestation: outside of SGX, or with another setting in its manifest.',
    next: 'Set sgx.remote_attestation = "dcap" in the manifest, sign it again, and start with gramine-sgx.',
  },
  TEE_OCCLUM_FAILED: {
    status: 'FAILED_PRECONDITION',
    cause: 'Occlum could not make a quote, and says EINVAL for every reason; after a first failure it never recovers.',
    next: 'Check AESM and the DCAP libraries on the host and that Occlum runs in hardware mode, then restart the enclave.',
  },
  TEE_KOFFI_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'The optional package koffi, through which the device of Occlum is called, is not installed.',
    next: 'Run `npm ci --include=optional` where the enclave image is built, and copy koffi into the image.',
  },
  TEE_RTMR_DIGEST: {
    status: 'INTERNAL',
    cause: 'RTMR3 was to be extended with something other than a digest of 48 bytes.',
    next: 'This is a mistake in the program: report it with the message.',
  },
  TEE_RTMR_ABSENT: {
    status: 'UNIMPLEMENTED',
    cause: 'This kernel does not let a program extend RTMR3: Linux can from 6.16 on, inside a TDX VM.',
    next: 'Use Linux 6.16 or newer, or rely on the measured image alone and give no RTMR3 in the policy.',
  },
  TEE_RTMR_FOREIGN: {
    status: 'FAILED_PRECONDITION',
    cause:
      'RTMR3 holds something that this program did not put there: another version of it, or an agent of the cloud.',
    next: 'Restart the VM and let the aggregator be the first to extend RTMR3; remove any agent that does so too.',
  },
  TEE_EVENT_LOG_UNUSABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'The firmware offers an event log (ACPI table CCEL) that cannot be read, or is too long to be sent.',
    next: 'Use a kernel that shows the data of the CCEL table, or report the firmware to the operator of the cloud.',
  },
  TEE_SIMULATOR_OPTION: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The simulated TEE was asked for something it cannot issue: an unknown kind of TEE, an empty seed, a time outside its certificates, a wrong padding, or a field of the body that the kind of TEE does not have.',
    next: 'Correct the option that the message names.',
  },
  TEE_SIMULATOR_FAULT: {
    status: 'INVALID_ARGUMENT',
    cause: 'The simulated TEE was asked for a fault that it does not know, or that its kind of TEE cannot have.',
    next: 'Choose one of the names that the message lists.',
  },
} as const satisfies ErrorTable<string>

export type TeeCode = keyof typeof teeErrors

export class TeeError extends CodedError<TeeCode> {
  constructor(code: TeeCode, message: string, options?: ErrorOptions) {
    super(teeErrors, code, message, options)
  }
}
