/**
 * Names in certificates. SPIFFE (spiffe.io, SPIFFE-ID section 2): a federation is the trust domain, and a program is
 * spiffe://<federation>/<role>/<name>. Stricter than SPIFFE: exactly two path segments, small letters, no dots.
 */
import { type Peer, roles } from '../api.ts'
import { RpcError } from '../errors.ts'

export const namePattern = /^[a-z][a-z0-9-]{0,62}$/
const uriPattern = /^spiffe:\/\/([a-z][a-z0-9-]{0,62})\/([a-z]{1,20})\/([a-z][a-z0-9-]{0,62})$/

export const spiffeUri = ({ federation, role, name }: Peer): string => `spiffe://${federation}/${role}/${name}`

export function parseSpiffeUri(uri: string): Peer | undefined {
  const [, federation, word, name] = uriPattern.exec(uri) ?? []
  const role = roles.find((each) => each === word)
  return federation === undefined || name === undefined || role === undefined ? undefined : { federation, role, name }
}

export function requireName(value: string, what: string): void {
  if (namePattern.test(value)) return
  const shown = JSON.stringify(value.slice(0, 80))
  throw new RpcError(
    'IDENTITY_NAME_INVALID',
    `${what} is ${shown}, expected a small letter, then small letters, digits, hyphens`,
  )
}

/** Days a certificate is valid; ten years is the longest a root should live. */
export function requireDays(days: number): void {
  if (Number.isFinite(days) && days > 0 && days <= 3660) return
  throw new RpcError('IDENTITY_NAME_INVALID', `a certificate for ${days} days, expected more than 0 and at most 3660`)
}

const hostPattern =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$/

export function requireHost(host: string): void {
  if (hostPattern.test(host)) return
  throw new RpcError(
    'IDENTITY_NAME_INVALID',
    `host ${JSON.stringify(host.slice(0, 80))}, expected a DNS name or an IP address`,
  )
}
