/** QE identity, versions 2 and 3 (Intel PCS API version 4, "Get Quoting Enclave Identity"): the enclave that may quote. */
import { EvidenceError } from '../errors.ts'
import { parseFields } from './fields.ts'
import { readSvnLevels, type SvnLevel } from './tcb-info.ts'

export interface QeIdentity {
  readonly tee: 'sgx' | 'tdx'
  readonly issued: number
  readonly nextUpdate: number
  readonly evaluation: number
  readonly miscSelect: Uint8Array
  readonly miscSelectMask: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  readonly levels: readonly SvnLevel[]
}

export function parseQeIdentity(text: string): QeIdentity {
  const identity = parseFields(text, 'QE identity')
  const tee = ({ QE: 'sgx', TD_QE: 'tdx' } as const)[identity.text('id', 8)]
  const version = identity.whole('version', 2 ** 31)
  if (tee === undefined || (version !== 2 && version !== 3)) {
    const found = `found id ${identity.text('id', 8)}, version ${version}, expected QE or TD_QE, 2 or 3`
    throw new EvidenceError('EVIDENCE_COLLATERAL_INVALID', `QE identity: ${found}`)
  }
  return {
    tee,
    issued: identity.time('issueDate'),
    nextUpdate: identity.time('nextUpdate'),
    evaluation: identity.whole('tcbEvaluationDataNumber', 2 ** 31),
    miscSelect: identity.bytes('miscselect', 4),
    miscSelectMask: identity.bytes('miscselectMask', 4),
    attributes: identity.bytes('attributes', 16),
    attributesMask: identity.bytes('attributesMask', 16),
    mrSigner: identity.bytes('mrsigner', 32),
    isvProdId: identity.whole('isvprodid', 0xffff),
    levels: readSvnLevels(identity),
  }
}
