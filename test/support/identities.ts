/** Federations for tests: roots and certificates that are really issued, good ones and bad ones alike. */
import type { Secret } from '../../src/crypto/index.ts'
import { createRequest, createRoot, type Identity, type Role, signRequest } from '../../src/rpc/index.ts'

export interface Authority {
  readonly federation: string
  readonly rootPem: string
  readonly rootKeyPem: Secret
  /** `at` is the hour of issue, by default that of the root; one day is how long it is valid. */
  issue(role: Role, name: string, at?: Date): Promise<Identity>
}

export async function createAuthority(federation: string, at = new Date()): Promise<Authority> {
  const root = await createRoot({ federation, now: at, days: 30 })
  return {
    federation,
    rootPem: root.certificatePem,
    rootKeyPem: root.keyPem,
    async issue(role, name, issuedAt = at) {
      const expect = { federation, role, name }
      const { csrPem, keyPem } = await createRequest(expect)
      const certificatePem = await signRequest({
        rootCertificatePem: root.certificatePem,
        rootKeyPem: root.keyPem,
        csrPem,
        expect,
        hosts: ['localhost', '127.0.0.1'],
        now: issuedAt,
        days: 1,
      })
      return { certificatePem, keyPem, rootsPem: root.certificatePem }
    },
  }
}
