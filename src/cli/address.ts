/** Addresses HOST:PORT as people write them. */
import { CliError } from './errors.ts'

/** A host name, an IPv4 address or an IPv6 address in brackets, and a port; 0 takes a free one. */
const addressPattern = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]):(?:0|[1-9]\d{0,4})$/

export const isAddress = (text: string): boolean => addressPattern.test(text) && portOf(text) <= 65_535

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))

/** Without the brackets of an IPv6 address. */
export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** An address from the command line, else the home's. */
export function addressOr(option: string | undefined, name: string, other: string): string {
  if (option === undefined) return other
  if (isAddress(option)) return option
  throw new CliError('CLI_ARGUMENT_INVALID', `--${name} is "${option}", expected HOST:PORT`)
}
