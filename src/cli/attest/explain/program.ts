/** The sections on the quote itself: its form, its body, and the bits of its attributes. */
import type { Body, SgxBody, TdBody } from '../../../attestation/index.ts'
import { toHex } from '../../../crypto/index.ts'
import { type Bit, sgxBits, tdBits, xfamNames } from './bits.ts'
import { compareProgram } from './compare.ts'
import { type Comparison, type Field, type Section, type Teller, createTeller } from './field.ts'
import type { Judgement } from './judgement.ts'
import type { FieldName } from './words.ts'

const INTEL_QE = '939a7233f79c4ca9940a0db3957f0607'
const teeNames = { sgx: 'Intel SGX enclave', tdx: 'Intel TDX virtual machine' } as const

export function quoteSections(judgement: Judgement): Section[] {
  const { verdict, reasons, quote, demands } = judgement
  const tell = createTeller(reasons, verdict !== undefined)
  const judged = demands.length > 0
  return [
    { name: 'quote', fields: quoteFields(judgement, tell) },
    {
      name: 'program',
      ...(!judged && { note: 'No policy was given: nothing here was compared with expected values.' }),
      fields: bodyFields(judgement, tell),
    },
    { name: 'attributes', fields: attributeFields(quote.body, tell, judged) },
  ]
}

function quoteFields({ quote, size, verdict, demands, reportData }: Judgement, tell: Teller): Field[] {
  const { header, body, signature, length } = quote
  const genuine = verdict === undefined ? undefined : true
  const padding = size > length ? `, then ${size - length} zeros of padding` : ''
  const known = demands.length > 0 && demands.every(({ values }) => values.programs.some((p) => p.tee === header.tee))
  return [
    tell('tee', teeNames[header.tee], demands.length > 0 ? { holds: known } : {}),
    tell('quoteVersion', String(header.version), { holds: genuine }),
    tell('quoteSize', `${length} bytes${padding}`, { holds: genuine }),
    tell('qeVendor', header.qeVendor, { holds: genuine, expected: [INTEL_QE] }),
    tell('userData', header.userData),
    tell('quoteSignature', toHex(signature), { holds: genuine }),
    tell('reportData', body.reportData, bound(body.reportData, reportData)),
  ]
}

const bound = (found: string, expected: string | undefined): Comparison =>
  expected === undefined
    ? { expected: ['not given, so not compared'] }
    : { expected: [expected], holds: found === expected }

const TD_ORDER = [
  ...(['mrTd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrConfigId', 'mrOwner', 'mrOwnerConfig', 'mrSeam'] as const),
  ...(['mrSignerSeam', 'seamAttributes', 'teeTcbSvn', 'teeTcbSvn2', 'mrServiceTd', 'xfam'] as const),
] satisfies (FieldName & keyof TdBody)[]
const SGX_ORDER = [
  ...(['mrEnclave', 'mrSigner', 'isvProdId', 'isvSvn', 'configId', 'configSvn', 'isvExtendedProdId'] as const),
  ...(['isvFamilyId', 'cpuSvn', 'miscSelect'] as const),
] satisfies (FieldName & keyof SgxBody)[]

function bodyFields({ quote: { body }, demands, verdict }: Judgement, tell: Teller): Field[] {
  const compared = compareProgram(body, demands)
  if (body.kind === 'sgx') {
    return [
      ...SGX_ORDER.map((name) => tell(name, String(body[name]), compared(name))),
      tell('attributes', body.attributes),
    ]
  }
  // TCB info names the signer and the attributes of the module, and the verifier compared them.
  const genuine = verdict === undefined ? {} : { holds: true }
  const byIntel: Partial<Record<FieldName, Comparison>> = { mrSignerSeam: genuine, seamAttributes: genuine }
  return [
    ...TD_ORDER.flatMap((name) => {
      const value = body[name]
      return value === undefined ? [] : [tell(name, value, byIntel[name] ?? compared(name))]
    }),
    tell('tdAttributes', body.tdAttributes.hex),
  ]
}

/** Bits are judged together with reference values, and by themselves never. */
function attributeFields(body: Body, tell: Teller, judged: boolean): Field[] {
  const bits = body.kind === 'sgx' ? sgxBits(body.attributes) : tdBits(body.tdAttributes.hex)
  const features =
    body.kind === 'sgx'
      ? tell('sgxXfrm', xfamNames(body.attributes.slice(16)))
      : tell('xfamFeatures', xfamNames(body.xfam))
  return [...bits.map((bit) => tellBit(bit, tell, judged)), features]
}

function tellBit({ name, value, wanted, good }: Bit, tell: Teller, judged: boolean): Field {
  if (wanted === undefined) return tell(name, value)
  return tell(name, value, { expected: [wanted], ...(judged && { holds: good }) })
}
