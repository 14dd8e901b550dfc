/** Evidence that looks unusual and is right: a verifier that refuses it is too strict. */
import { join } from '../bytes.ts'
import { honestComponents, isoSeconds } from '../collateral-documents.ts'
import { after } from '../blueprint.ts'
import { sgxOf } from './certificates.ts'
import { inBody, inPck, inQeIdentity, inTcbInfo, sgx, tdx, tdxV5, type Variation, variation } from './variation.ts'

const zeros = (bytes: number) =>
  variation(['quote'], `Clouds pad quotes: ${bytes} zero bytes follow.`, (b) => {
    b.edits.quote = (quote) => join(quote, new Uint8Array(bytes))
  })

export const controls = {
  'zero-padding': zeros(70),
  'zero-padding-long': zeros(3065),
  'serial-revoked-by-other-ca': variation(
    ['root_ca_crl'],
    'Serial numbers belong to one CA: that of the PCK on the list of the root revokes nothing.',
    (b) => b.crls.root.revoked.push(b.certificates.pck.serial),
  ),
  'ca-serial-on-pck-crl': variation(
    ['pck_crl'],
    'Serial numbers belong to one CA: those of the CA and the TCB signer on the list of the PCK CA revoke nothing.',
    (b) => b.crls.pck.revoked.push(b.certificates.ca.serial, b.certificates.tcbSigner.serial),
  ),
  'empty-crls': variation(['pck_crl'], 'A list without entries leaves the list out (RFC 5280, 5.1.2.6).', (b) => {
    b.crls.pck.revoked = []
  }),
  'qe-identity-version-3': variation(inQeIdentity, 'Two versions of the QE identity exist, 2 and 3.', (b) => {
    b.qeIdentity.value.version = 3
  }),
  'component-categories': variation(inTcbInfo, 'Components may carry a category and a type.', (b) => {
    for (const { tcb } of b.tcbInfo.value.tcbLevels) {
      Object.assign(tcb.sgxtcbcomponents[0] ?? {}, { category: 'BIOS', type: 'Early Microcode Update' })
      Object.assign(tcb.sgxtcbcomponents[3] ?? {}, { category: 'BIOS' })
    }
  }),
  'newer-platform': variation(inPck, 'A platform may be newer than the best level asks.', (b) => {
    sgxOf(b).components = honestComponents.map((svn, index) => (index === 0 ? svn + 1 : svn))
  }),
  'newer-evaluation-number': variation(
    inTcbInfo,
    'TCB info may be of another evaluation than the QE identity.',
    (b) => {
      b.tcbInfo.value.tcbEvaluationDataNumber += 1
    },
  ),
  'fresh-tcb-info': variation(inTcbInfo, 'TCB info counts from the second of its issue.', (b) => {
    b.tcbInfo.value.issueDate = isoSeconds(b.now)
  }),
  'collateral-in-its-last-day': variation(inTcbInfo, 'TCB info counts until its next update.', (b) => {
    b.tcbInfo.value.nextUpdate = isoSeconds(after(b.now, 1))
  }),
  'lower-case-fmspc': variation(inTcbInfo, 'Hexadecimal may be written in lower case.', (b) => {
    b.tcbInfo.value.fmspc = b.tcbInfo.value.fmspc.toLowerCase()
  }),
  'qe-without-auth': variation(['quote'], 'The authentication data of the QE may be empty.', (b) => {
    b.quote.qeAuth = new Uint8Array(0)
  }),
  'chain-without-zero-byte': variation(['quote'], 'The PEM of the chain may end without a zero byte.', (b) => {
    b.edits.quoteChain = (pem) => pem.subarray(0, -1)
  }),
  'platform-instance': variation(
    inPck,
    'The SGX extension of servers names the instance of the platform.',
    (b) => {
      Object.assign(sgxOf(b), { sgxType: 1, platformInstance: new Uint8Array(16).fill(7) })
    },
    sgx,
  ),
  'td-protection-keys': variation(
    inBody,
    'PKS only gives the TD a feature of its processor.',
    (b) => {
      b.editBody = (body) => {
        // SEPT_VE_DISABLE (28) and PKS (30): bits 4 and 6 of byte 3.
        body.tdAttributes = Uint8Array.of(0, 0, 0, 0x50, 0, 0, 0, 0)
      }
    },
    tdx,
  ),
  'td-1.0-in-v5': variation(
    ['quote'],
    'Version 5 carries TD 1.0 bodies too.',
    (b) => {
      b.quote.tdBody = 'td-1.0'
      delete b.body.teeTcbSvn2
    },
    tdxV5,
  ),
} as const satisfies Record<string, Variation>
