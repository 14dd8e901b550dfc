/** TCB info that is wrong or somebody else's, and platforms whose TCB is not up to date. */
import { after, type Blueprint, stranger } from '../blueprint.ts'
import { flipBit } from '../bytes.ts'
import { honestTcbInfo, isoSeconds, type TcbInfo, type TcbLevel, withAt } from '../collateral-documents.ts'
import * as der from '../der.ts'
import { sgxOf } from './certificates.ts'
import { inPck, inTcbInfo, type Variation, sgx, tdx, variation } from './variation.ts'

const members = (change: (value: TcbInfo, b: Blueprint) => void) => (b: Blueprint) => change(b.tcbInfo.value, b)

/** The platform as it is, before updates: one component of its PCK certificate has another number. */
const component = (index: number, svn: number) => (b: Blueprint) => {
  sgxOf(b).components[index] = svn
}

function firstLevel(value: TcbInfo): TcbLevel {
  const [level] = value.tcbLevels
  if (level === undefined) throw new TypeError('an honest TCB info has levels')
  return level
}

export const tcbInfoFaults = {
  'stale-tcb-info': variation(inTcbInfo, 'The TCB info has expired.', (b) => {
    const dates = { issueDate: isoSeconds(after(b.now, -31)), nextUpdate: isoSeconds(after(b.now, -1)) }
    Object.assign(b.tcbInfo.value, dates)
  }),
  'future-tcb-info': variation(inTcbInfo, 'The TCB info is from the future.', (b) => {
    b.tcbInfo.value.issueDate = isoSeconds(after(b.now, 1))
  }),
  'missigned-tcb-info': variation(['tcb_info_signature'], 'The TCB info is signed by somebody else.', (b) => {
    b.tcbInfo.signer = stranger
  }),
  'pck-leaf-signs-tcb-info': variation(
    ['tcb_info_signature', 'tcb_info_issuer_chain'],
    'The TCB info is signed by a platform with its PCK, and brings the chain of that PCK.',
    (b) => {
      b.tcbInfo.signer = 'pck'
      b.chains.tcbInfo = ['pck', 'ca', 'root']
    },
  ),
  'pck-leaf-signs-tcb-info-short': variation(
    ['tcb_info_signature', 'tcb_info_issuer_chain'],
    'The TCB info is signed by a platform with its PCK, and brings that PCK and the root without the CA between.',
    (b) => {
      b.tcbInfo.signer = 'pck'
      b.chains.tcbInfo = ['pck', 'root']
    },
  ),
  'ca-signs-tcb-info': variation(
    ['tcb_info_signature', 'tcb_info_issuer_chain'],
    'The TCB info is signed by the intermediate CA, whose role that is not.',
    (b) => {
      b.tcbInfo.signer = b.certificates.ca.key
      b.chains.tcbInfo = ['ca', 'root']
    },
  ),
  'tcb-info-altered': variation(
    ['tcb_info'],
    'The TCB info says UpToDate where it was signed saying OutOfDate.',
    (b) => {
      b.edits.tcbInfo = (text) => text.replace('"OutOfDate"', '"UpToDate"')
    },
  ),
  'tcb-info-spaced': variation(['tcb_info'], 'The TCB info has white space that was not signed.', (b) => {
    b.edits.tcbInfo = (text) => text.replace('{"id"', '{ "id"')
  }),
  'tcb-info-other-root': variation(
    ['tcb_info_signature', 'tcb_info_issuer_chain'],
    'The TCB info is signed under another root than the quote.',
    (b) => {
      b.tcbInfo.signer = 'other-tcb-signer'
      b.chains.tcbInfo = ['otherTcbSigner', 'otherRoot']
    },
  ),
  'tcb-info-repeated-member': variation(
    inTcbInfo,
    'The TCB info has its FMSPC twice, so that readers may differ.',
    (b) => {
      b.tcbInfo.write = (json) => json.replace('"fmspc"', '"fmspc":"FFFFFFFFFFFF","fmspc"')
    },
  ),
  'tcb-info-trailing-text': variation(inTcbInfo, 'A second document follows the TCB info under one signature.', (b) => {
    b.tcbInfo.write = (json) => `${json}{}`
  }),
  'tcb-info-not-json': variation(['tcb_info'], 'The TCB info is cut off in the middle.', (b) => {
    b.edits.tcbInfo = (text) => text.slice(0, text.length >>> 1)
  }),
  'tcb-info-signature-short': variation(['tcb_info_signature'], 'The signature of the TCB info has 63 bytes.', (b) => {
    b.edits.tcbInfoSignature = (raw) => raw.subarray(0, 63)
  }),
  'tcb-info-signature-der': variation(
    ['tcb_info_signature'],
    'The signature of the TCB info is DER, not 64 bytes.',
    (b) => {
      b.edits.tcbInfoSignature = der.ecdsaSignature
    },
  ),
  'tcb-info-signature-bit': variation(
    ['tcb_info_signature'],
    'One bit of the signature of the TCB info is wrong.',
    (b) => {
      b.edits.tcbInfoSignature = (raw) => flipBit(raw, 300)
    },
  ),
  'tcb-info-chain-without-root': variation(
    ['tcb_info_issuer_chain'],
    'The issuer chain of the TCB info ends early.',
    (b) => {
      b.chains.tcbInfo = ['tcbSigner']
    },
  ),
  'sgx-material-for-tdx': variation(inTcbInfo, 'The TCB info is for SGX, and the quote is of a TD.', anotherTee, tdx),
  'tdx-material-for-sgx': variation(
    inTcbInfo,
    'The TCB info is for TDX, and the quote is of an enclave.',
    anotherTee,
    sgx,
  ),
  'fmspc-mismatch': variation(inTcbInfo, 'The TCB info is for another family of platforms.', (b) => {
    b.tcbInfo.value.fmspc = 'FFFFFFFFFFFF'
  }),
  'pceid-mismatch': variation(inTcbInfo, 'The TCB info is for another provisioning enclave.', (b) => {
    b.tcbInfo.value.pceId = '0001'
  }),
  'tcb-info-version': variation(inTcbInfo, 'The TCB info has a version that nobody knows.', (b) => {
    b.tcbInfo.value.version = 9
  }),
  'tcb-type-unknown': variation(inTcbInfo, 'The TCB info compares components in a way that nobody knows.', (b) => {
    b.tcbInfo.value.tcbType = 1
  }),
  'tcb-level-15-components': variation(
    inTcbInfo,
    'A level of the TCB info has 15 components, not 16.',
    members((value) => firstLevel(value).tcb.sgxtcbcomponents.pop()),
  ),
  'tcb-level-negative-svn': variation(
    inTcbInfo,
    'A component of a level is below 0, so that every platform reaches it.',
    members((value) => firstLevel(value).tcb.sgxtcbcomponents.splice(0, 1, { svn: -1 })),
  ),
  'no-tcb-levels': variation(
    inTcbInfo,
    'The TCB info has no levels.',
    members((value) => value.tcbLevels.splice(0)),
  ),
  'unknown-tcb-status': variation(
    inTcbInfo,
    'The status of the level is a word that nobody knows.',
    members((value) => {
      firstLevel(value).tcbStatus = 'Splendid'
    }),
  ),
  'unlisted-advisory': variation(
    inTcbInfo,
    'The level is up to date but carries an advisory that the policy does not list.',
    members((value) => {
      firstLevel(value).advisoryIDs = ['INTEL-SA-99999']
    }),
  ),
  'sw-hardening-needed': variation(inPck, 'The platform is at level SWHardeningNeeded.', component(6, 8)),
  'configuration-needed': variation(inPck, 'The platform is at level ConfigurationNeeded.', component(6, 4)),
  'configuration-and-sw-hardening-needed': variation(
    inPck,
    'The platform is at level ConfigurationAndSWHardeningNeeded.',
    component(6, 0),
  ),
  'tcb-out-of-date': variation(inPck, 'The platform is at level OutOfDate.', component(0, 4)),
  'out-of-date-configuration-needed': variation(
    inPck,
    'The platform is at level OutOfDateConfigurationNeeded.',
    (b) => {
      sgxOf(b).components = withAt(withAt(sgxOf(b).components, 0, 4), 6, 0)
    },
  ),
  'tcb-revoked': variation(inPck, 'The platform is at level Revoked.', component(0, 3)),
  'below-all-tcb-levels': variation(inPck, 'The platform reaches none of the levels.', component(0, 1)),
  'pce-svn-below-all-levels': variation(inPck, 'The provisioning enclave is older than every level.', (b) => {
    sgxOf(b).pceSvn = 12
  }),
} as const satisfies Record<string, Variation>

/** Complete and rightly signed, but for the other kind of TEE on this very platform. */
function anotherTee(b: Blueprint): void {
  const { fmspc, issueDate, nextUpdate, id } = b.tcbInfo.value
  const other = honestTcbInfo(id === 'TDX' ? 'sgx-v3' : 'tdx-v4', new Date(issueDate), new Date(nextUpdate))
  b.tcbInfo.value = { ...other, fmspc }
}
