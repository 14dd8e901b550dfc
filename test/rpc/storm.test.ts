/** A storm of connections against the real door: what its limits let through. */
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect, test } from 'vitest'
import { grpcNetwork } from '../../src/rpc/index.ts'
import { createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'

test('a thousand that come at the same instant are all let in: none has to be the oldest of too many', async () => {
  const authority = await createAuthority('demo')
  const [aggregator, party] = [await authority.issue('aggregator', 'main'), await authority.issue('party', 'bank-a')]
  const { signal } = new AbortController()
  await using served = await grpcNetwork.serve({
    address: '127.0.0.1:0',
    identity: aggregator,
    services: [],
    signal,
    log: createTestLog().log,
  })
  const port = Number(served.address.split(':').at(-1))
  const come = async (): Promise<Socket> => {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const first = await come()
  const others = await Promise.all(Array.from({ length: 1023 }, come))
  const { certificatePem: cert, keyPem, rootsPem: ca } = party
  const secured = connectTls({
    socket: first,
    cert,
    key: keyPem.reveal(),
    ca,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  })
  await Promise.race([once(secured, 'secureConnect'), once(secured, 'close')])
  expect(secured.authorized).toBe(true)
  for (const socket of [secured, ...others]) socket.destroy()
})
