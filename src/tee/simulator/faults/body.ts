/** What the enclave, the TD or the TDX module is: true, rightly signed, and not what a relying party wants. */
import type { Blueprint } from '../blueprint.ts'
import { flipBit, littleEndian } from '../bytes.ts'
import { honestTeeTcbSvn, withAt } from '../collateral-documents.ts'
import { inBody, inTcbInfo, sgx, tdx, tdxV5, type Variation, variation } from './variation.ts'

/** Sets or clears one bit of a field, whatever the caller asked the body to hold. */
const bit = (field: string, index: number) => (b: Blueprint) => {
  b.editBody = (body) => {
    body[field] = flipBit(body[field] ?? new Uint8Array(48), index)
  }
}

const field = (name: string, value: Uint8Array) => (b: Blueprint) => {
  b.editBody = (body) => {
    body[name] = value
  }
}

const svn = (index: number, value: number): Uint8Array => Uint8Array.from(withAt(honestTeeTcbSvn, index, value))

export const bodyFaults = {
  'wrong-measurement': variation(inBody, 'The enclave is another one: MRENCLAVE.', bit('mrEnclave', 0), sgx),
  'wrong-enclave-signer': variation(inBody, 'Somebody else signed the enclave: MRSIGNER.', bit('mrSigner', 0), sgx),
  'wrong-enclave-product': variation(inBody, 'The enclave is another product: ISVPRODID.', bit('isvProdId', 3), sgx),
  'lower-svn': variation(
    inBody,
    'The enclave is older than wanted: ISVSVN 1.',
    field('isvSvn', littleEndian(1, 2)),
    sgx,
  ),
  'enclave-debug': variation(inBody, 'The enclave runs in debug mode.', bit('attributes', 1), sgx),
  'enclave-not-initialised': variation(inBody, 'The enclave was never initialised.', bit('attributes', 0), sgx),
  'enclave-provision-key': variation(inBody, 'The enclave may use the provisioning key.', bit('attributes', 4), sgx),
  'enclave-launch-key': variation(inBody, 'The enclave may use the launch key.', bit('attributes', 5), sgx),
  'wrong-td-measurement': variation(inBody, 'The TD is another one: MRTD.', bit('mrTd', 0), tdx),
  'wrong-rtmr3': variation(inBody, 'The TD measured another program at run time: RTMR3.', bit('rtmr3', 0), tdx),
  'td-debug': variation(inBody, 'The TD runs in debug mode.', bit('tdAttributes', 0), tdx),
  'td-other-tud-bits': variation(
    inBody,
    'The TD is untrusted by a bit of TUD other than debug.',
    bit('tdAttributes', 4),
    tdx,
  ),
  'td-reserved-bits': variation(inBody, 'The TD has a reserved attribute set.', bit('tdAttributes', 12), tdx),
  'sept-ve-disabled-off': variation(
    inBody,
    'The TD may be tricked with #VE: SEPT_VE_DISABLE is off.',
    bit('tdAttributes', 28),
    tdx,
  ),
  'td-migratable': variation(inBody, 'The TD can be migrated to another machine.', bit('tdAttributes', 29), tdx),
  'service-td': variation(inBody, 'A service TD is bound to the TD: MRSERVICETD.', bit('mrServiceTd', 0), tdxV5),
  'wrong-seam-signer': variation(
    inBody,
    'Somebody else than Intel signed the TDX module.',
    bit('mrSignerSeam', 0),
    tdx,
  ),
  'wrong-seam-attributes': variation(
    inBody,
    'The TDX module has attributes: a debug build.',
    field('seamAttributes', littleEndian(1, 8)),
    tdx,
  ),
  'wrong-mrseam': variation(inBody, 'The TDX module is another one: MRSEAM.', bit('mrSeam', 0), tdx),
  'tdx-module-unlisted': variation(
    inBody,
    'The TDX module is of a major version without an identity in the TCB info.',
    field('teeTcbSvn', svn(1, 9)),
    tdx,
  ),
  'tdx-module-out-of-date': variation(inBody, 'The TDX module is out of date.', field('teeTcbSvn', svn(0, 4)), [
    'tdx-v4',
  ]),
  'tdx-module-revoked': variation(inBody, 'The TDX module is revoked.', field('teeTcbSvn', svn(0, 2)), tdx),
  'tdx-module-below-all-levels': variation(
    inBody,
    'The TDX module is older than every level.',
    field('teeTcbSvn', svn(0, 1)),
    tdx,
  ),
  'tdx-svn-out-of-date': variation(inBody, 'The late microcode of TDX is out of date.', field('teeTcbSvn', svn(2, 2)), [
    'tdx-v4',
  ]),
  'tdx-svn-below-all-levels': variation(
    inBody,
    'The late microcode of TDX is older than every level.',
    field('teeTcbSvn', svn(2, 0)),
    tdx,
  ),
  'tdx-module-out-of-date-now': variation(
    inBody,
    'The TDX module was and is out of date, at the launch of the TD and today.',
    (b) => {
      b.editBody = (body) => Object.assign(body, { teeTcbSvn: svn(0, 4), teeTcbSvn2: svn(0, 4) })
    },
    tdxV5,
  ),
  'relaunch-advised': variation(
    inBody,
    'The TDX module was out of date when the TD was launched, and is not any more: relaunch.',
    field('teeTcbSvn', svn(0, 4)),
    tdxV5,
  ),
  'tdx-module-identity-missing': variation(
    inTcbInfo,
    'The TCB info has no identity for the major version of the TDX module.',
    (b) => {
      b.tcbInfo.value.tdxModuleIdentities =
        b.tcbInfo.value.tdxModuleIdentities?.filter(({ id }) => id !== 'TDX_01') ?? []
    },
    tdx,
  ),
  'tdx-module-identity-signer': variation(
    inTcbInfo,
    'The TCB info names another signer for the TDX module.',
    (b) => {
      for (const identity of b.tcbInfo.value.tdxModuleIdentities ?? []) identity.mrsigner = '01'.repeat(48)
    },
    tdx,
  ),
} as const satisfies Record<string, Variation>
