/** Addresses as people write them: host:port, with an IPv6 address in brackets. */
import { RpcError } from './errors.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

const pattern = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/

/** Port 0 is allowed where a program listens (`lowestPort` 0): any free one. Throws ADDRESS_INVALID. */
export function parseAddress(text: string, lowestPort: 0 | 1): Address {
  const [, inBrackets, plain, digits] = pattern.exec(text) ?? []
  const host = inBrackets ?? plain
  const port = Number(digits)
  if (host !== undefined && port >= lowestPort && port <= 65_535) return { host, port }
  const expected = `host:port with a port from ${lowestPort} to 65535`
  throw new RpcError('ADDRESS_INVALID', `found ${JSON.stringify(text.slice(0, 300))}, expected ${expected}`)
}

export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
