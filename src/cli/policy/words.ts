/** A policy's values in the words of a security reviewer: labels, and values that say what they accept. */
import type { PolicyProgram, RoleReferences } from '../../job/index.ts'
import { clean } from '../view/index.ts'

/** Label and meaning of each value of a program, in the order in which the platform starts. */
const labels: Readonly<Record<string, string>> = {
  mrTd: 'MRTD (virtual firmware)',
  mrSeam: 'MRSEAM (TDX module)',
  rtmr0: 'RTMR0 (firmware configuration)',
  rtmr1: 'RTMR1 (boot loader, kernel)',
  rtmr2: 'RTMR2 (command line, initial RAM disk)',
  rtmr3: 'RTMR3 (application)',
  mrConfigId: 'MRCONFIGID (configuration)',
  mrOwner: 'MROWNER (owner)',
  mrOwnerConfig: 'MROWNERCONFIG (owner configuration)',
  xfam: 'XFAM (CPU features)',
  serviceTds: 'service TDs (besides none)',
  minimumTeeTcbSvn: 'TEE_TCB_SVN (TDX module version)',
  mrEnclave: 'MRENCLAVE (code and data)',
  mrSigner: 'MRSIGNER (who signed the enclave)',
  isvProdId: 'ISVPRODID (product)',
  minimumIsvSvn: 'ISVSVN (security version)',
  configId: 'CONFIGID (configuration)',
}

export const teeNames = { tdx: 'a virtual machine under Intel TDX', sgx: 'an enclave under Intel SGX' } as const

/** A label with what is accepted under it, one value a line. */
export interface Entry {
  readonly label: string
  readonly values: readonly string[]
}

const DAY = 86_400

export function ageText(seconds: number): string {
  if (seconds % DAY === 0) return seconds === DAY ? '1 day' : `${seconds / DAY} days`
  return `${seconds} seconds`
}

export function referenceEntries(role: RoleReferences): Entry[] {
  const { tcbStatuses, advisories, minimumTcbEvaluation, maximumCollateralAge } = role
  return [
    { label: 'accepted TCB statuses', values: [tcbStatuses.join(', ') || 'none: no platform is accepted'] },
    { label: 'accepted advisories', values: [clean(advisories.join(', ')) || 'none: no advisory may apply'] },
    { label: 'TCB evaluation number', values: [`${minimumTcbEvaluation} or later`] },
    { label: 'age of collateral', values: [`at most ${ageText(maximumCollateralAge)}`] },
  ]
}

export function programEntries(program: PolicyProgram): Entry[] {
  return Object.entries(program)
    .filter(([name]) => name !== 'tee')
    .map(([name, value]) => ({ label: labels[name] ?? name, values: acceptedTexts(name, value) }))
}

function acceptedTexts(name: string, value: string | number | readonly string[]): string[] {
  if (value === 'any') return ['any value: not checked']
  if (name.startsWith('minimum')) return [`${value} or higher`]
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  if (value.length > 0) return value.map((each, at) => (at === 0 ? each : `or ${each}`))
  return [name === 'serviceTds' ? 'none' : 'none: no program matches']
}

/** Aligned, indented; further values stand under the first one. */
export function entryLines(entries: readonly Entry[], indent: string): string[] {
  const width = Math.max(...entries.map(({ label }) => label.length))
  return entries.flatMap(({ label, values }) =>
    values.map((value, at) => `${indent}${(at === 0 ? label : '').padEnd(width)}  ${value}`),
  )
}
