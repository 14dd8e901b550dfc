/** The quoting enclave: its identity as a document, its report in the quote, and the binding of the attestation key. */
import { after, type Blueprint, stranger } from '../blueprint.ts'
import { flipBit, littleEndian } from '../bytes.ts'
import { honestQeIdentity, isoSeconds } from '../collateral-documents.ts'
import { inQeIdentity, inQeReport, sgx, tdx, type Variation, variation } from './variation.ts'

const report = (field: string, value: Uint8Array) => (b: Blueprint) => {
  b.quote.qeReport[field] = value
}

export const quotingEnclaveFaults = {
  'stale-qe-identity': variation(inQeIdentity, 'The QE identity has expired.', (b) => {
    const dates = { issueDate: isoSeconds(after(b.now, -31)), nextUpdate: isoSeconds(after(b.now, -1)) }
    Object.assign(b.qeIdentity.value, dates)
  }),
  'future-qe-identity': variation(inQeIdentity, 'The QE identity is from the future.', (b) => {
    b.qeIdentity.value.issueDate = isoSeconds(after(b.now, 1))
  }),
  'missigned-qe-identity': variation(['qe_identity_signature'], 'The QE identity is signed by somebody else.', (b) => {
    b.qeIdentity.signer = stranger
  }),
  'pck-leaf-signs-qe-identity': variation(
    ['qe_identity_signature', 'qe_identity_issuer_chain'],
    'The QE identity is signed by a platform with its PCK, and brings the chain of that PCK.',
    (b) => {
      b.qeIdentity.signer = 'pck'
      b.chains.qeIdentity = ['pck', 'ca', 'root']
    },
  ),
  'qe-identity-other-root': variation(
    ['qe_identity_signature', 'qe_identity_issuer_chain'],
    'The QE identity is signed under another root than the quote.',
    (b) => {
      b.qeIdentity.signer = 'other-tcb-signer'
      b.chains.qeIdentity = ['otherTcbSigner', 'otherRoot']
    },
  ),
  'qe-identity-repeated-member': variation(
    inQeIdentity,
    'The QE identity has MRSIGNER twice, so that readers may differ.',
    (b) => {
      b.qeIdentity.write = (json) => json.replace('"mrsigner"', `"mrsigner":"${'66'.repeat(32)}","mrsigner"`)
    },
  ),
  'qe-identity-altered': variation(['qe_identity'], 'The QE identity is not the text that was signed.', (b) => {
    b.edits.qeIdentity = (text) => text.replace('"isvsvn":8', '"isvsvn":0')
  }),
  'qe-identity-not-json': variation(['qe_identity'], 'The QE identity is cut off in the middle.', (b) => {
    b.edits.qeIdentity = (text) => text.slice(0, text.length >>> 1)
  }),
  'qe-identity-version': variation(inQeIdentity, 'The QE identity has a version that nobody knows.', (b) => {
    b.qeIdentity.value.version = 9
  }),
  'qe-identity-status-unknown': variation(inQeIdentity, 'The status of the QE is a word that nobody knows.', (b) => {
    for (const level of b.qeIdentity.value.tcbLevels.slice(0, 1)) level.tcbStatus = 'Splendid'
  }),
  'no-qe-levels': variation(inQeIdentity, 'The QE identity has no levels.', (b) => {
    b.qeIdentity.value.tcbLevels = []
  }),
  'sgx-qe-identity-for-tdx': variation(inQeIdentity, 'The identity is that of the QE of SGX.', anotherQe, tdx),
  'tdx-qe-identity-for-sgx': variation(inQeIdentity, 'The identity is that of the QE of TDX.', anotherQe, sgx),
  'qe-wrong-signer': variation(inQeReport, 'Another signer than the identity names made the QE.', (b) => {
    b.quote.qeReport.mrSigner = new Uint8Array(32).fill(0x66)
  }),
  'qe-wrong-product': variation(
    inQeReport,
    'The QE is another product of the same signer.',
    report('isvProdId', littleEndian(9, 2)),
  ),
  'qe-debug': variation(inQeReport, 'The QE runs in debug mode.', (b) => {
    b.quote.qeReport.attributes = flipBit(b.quote.qeReport.attributes ?? new Uint8Array(16), 1)
  }),
  'qe-misc-select': variation(inQeReport, 'The QE has another MISCSELECT.', report('miscSelect', littleEndian(1, 4))),
  'qe-outdated': variation(inQeReport, 'The QE is out of date.', report('isvSvn', littleEndian(6, 2))),
  'qe-revoked': variation(inQeReport, 'The QE is revoked.', report('isvSvn', littleEndian(3, 2))),
  'qe-below-all-levels': variation(
    inQeReport,
    'The QE is older than every level.',
    report('isvSvn', littleEndian(1, 2)),
  ),
  'qe-report-data': variation(inQeReport, 'The report of the QE names another attestation key.', (b) => {
    b.quote.namedKey = stranger
  }),
  'qe-report-signature': variation(['quote.qeSignature'], 'The report of the QE is not signed by the PCK.', (b) => {
    b.quote.qeSigner = stranger
  }),
  'qe-report-altered': variation(['quote.qeReport'], 'The report of the QE was changed after it was signed.', (b) => {
    b.edits.quote = (quote, { qeReport }) => flipBit(quote, 8 * (qeReport + 258))
  }),
  'qe-auth-altered': variation(['quote.qeAuth'], 'The authentication data of the QE was changed afterwards.', (b) => {
    b.edits.quote = (quote, { qeAuth }) => flipBit(quote, 8 * (qeAuth + 2))
  }),
  'attestation-key-swapped': variation(
    ['quote.signature', 'quote.attestationKey'],
    'Another key signs the quote and stands in it; the report of the QE names the honest one.',
    (b) => {
      b.quote.attestationKey = stranger
      b.quote.quoteSigner = stranger
    },
  ),
} as const satisfies Record<string, Variation>

function anotherQe(b: Blueprint): void {
  const { id, issueDate, nextUpdate } = b.qeIdentity.value
  const tee = id === 'QE' ? 'tdx-v4' : 'sgx-v3'
  b.qeIdentity.value = honestQeIdentity(tee, new Date(issueDate), new Date(nextUpdate))
}
