/** Keys of certificates: ECDSA on P-256, made by the runtime's own generator, exported as PKCS#8 PEM. */
import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { cryptoProvider } from '@peculiar/x509'
import { RpcError } from '../errors.ts'

export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

cryptoProvider.set(webcrypto)

export function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

export async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  try {
    const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
    return await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
  } catch (error) {
    throw new RpcError('IDENTITY_INVALID', 'the private key is not an ECDSA P-256 key in PEM', { cause: error })
  }
}
