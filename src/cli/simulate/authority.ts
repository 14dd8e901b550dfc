/** The certificates of a simulation: a root of its own, and a key and a certificate for each program. */
import { createRequest, createRoot, type Identity, type Role, signRequest } from '../../rpc/index.ts'

/** No simulation lasts longer. */
const DAYS = 30
/** Keys and signatures are made on the threads of Node's pool: more at once only wait there. */
const AT_ONCE = 8

export interface Authority {
  readonly rootPem: string
  issue(role: Role, name: string): Promise<Identity>
  /** By name, in their order. */
  issueAll(role: Role, names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Identity>>
}

export async function createAuthority(federation: string, nowMs: number): Promise<Authority> {
  const now = new Date(nowMs)
  const root = await createRoot({ federation, now, days: DAYS })
  const issue = async (role: Role, name: string): Promise<Identity> => {
    const expect = { federation, role, name }
    const { csrPem, keyPem } = await createRequest(expect)
    const certificatePem = await signRequest({
      rootCertificatePem: root.certificatePem,
      rootKeyPem: root.keyPem,
      csrPem,
      expect,
      hosts: ['127.0.0.1'],
      now,
      days: DAYS,
    })
    return { certificatePem, keyPem, rootsPem: root.certificatePem }
  }
  return {
    rootPem: root.certificatePem,
    issue,
    async issueAll(role, names, signal) {
      const issued = new Map<string, Identity>()
      for (let at = 0; at < names.length; at += AT_ONCE) {
        signal.throwIfAborted()
        const some = names.slice(at, at + AT_ONCE)
        const identities = await Promise.all(some.map((name) => issue(role, name)))
        for (const [i, identity] of identities.entries()) issued.set(some[i] ?? '', identity)
      }
      return issued
    },
  }
}
