/**
 * The fields of a quote beside what reference values list for them, so that each field can be told apart. The verdict
 * itself is the verifier's; as there, the program that comes closest is the one to compare with.
 */
import type { Body, ProgramReference, SgxReference, TdxReference } from '../../../attestation/index.ts'
import type { Comparison } from './field.ts'
import type { Demand } from './judgement.ts'
import type { FieldName } from './words.ts'

type Comparisons = ReadonlyMap<string, Comparison>

/** What holds for a field by every demand together. */
export function compareProgram(body: Body, demands: readonly Demand[]): (name: FieldName) => Comparison {
  const each = demands.map(({ name, values }) => ({ name, fields: closest(body, values.programs) }))
  return (field) => {
    const found = each.flatMap(({ name, fields }) => {
      const comparison = fields.get(field)
      return comparison === undefined ? [] : [{ name, ...comparison }]
    })
    return together(found)
  }
}

/** Where demands expect different things, each is told with its name: all of them must hold. */
export function together(found: readonly ({ readonly name: string } & Comparison)[]): Comparison {
  const judged = found.flatMap(({ holds }) => (holds === undefined ? [] : [holds]))
  const texts = found.map(({ name, expected = [] }) => ({ name, text: expected.join(' or ') }))
  const differ = new Set(texts.map(({ text }) => text)).size > 1
  return {
    expected: differ ? [texts.map(({ name, text }) => `${name}: ${text}`).join('; ')] : (found[0]?.expected ?? []),
    holds: judged.length === 0 ? undefined : judged.every(Boolean),
  }
}

function closest(body: Body, programs: readonly ProgramReference[]): Comparisons {
  const compared = programs.flatMap((program): Comparisons[] => {
    if (program.tee === 'sgx') return body.kind === 'sgx' ? [compareEnclave(body, program)] : []
    return body.kind === 'sgx' ? [] : [compareTd(body, program)]
  })
  const misses = (fields: Comparisons) => [...fields.values()].filter(({ holds }) => holds === false).length
  return compared.sort((a, b) => misses(a) - misses(b))[0] ?? new Map()
}

function listed(value: string, allowed: readonly string[] | 'any'): Comparison {
  if (allowed === 'any') return { expected: ['any value: not checked'] }
  const holds = allowed.some((each) => each.toLowerCase() === value.toLowerCase())
  return { expected: allowed.length === 0 ? ['nothing: the list is empty'] : allowed, holds }
}

const TD_FIELDS = [
  ...([
    'mrTd',
    'mrSeam',
    'rtmr0',
    'rtmr1',
    'rtmr2',
    'rtmr3',
    'mrConfigId',
    'mrOwner',
    'mrOwnerConfig',
    'xfam',
  ] as const),
]

function compareTd(body: Exclude<Body, { kind: 'sgx' }>, program: TdxReference): Comparisons {
  const service = body.mrServiceTd
  const least = [...Buffer.from(program.minimumTeeTcbSvn, 'hex')]
  const reached = [...Buffer.from(body.teeTcbSvn, 'hex')].every((svn, at) => svn >= (least[at] ?? 256))
  return new Map<string, Comparison>([
    ...TD_FIELDS.map((name) => [name, listed(body[name], program[name])] as const),
    ['teeTcbSvn', { expected: [`${program.minimumTeeTcbSvn} or higher, byte by byte`], holds: reached }],
    ...(service === undefined ? [] : [['mrServiceTd', serviceTd(service, program.serviceTds)] as const]),
  ])
}

function serviceTd(value: string, allowed: readonly string[]): Comparison {
  const none = /^0*$/.test(value)
  return { expected: ['none (all zeros)', ...allowed], holds: none || listed(value, allowed).holds }
}

function compareEnclave(body: Extract<Body, { kind: 'sgx' }>, program: SgxReference): Comparisons {
  const unnamed = program.mrEnclave === 'any' && program.mrSigner === 'any'
  const enclave = unnamed
    ? { expected: ['MRENCLAVE or MRSIGNER has to be listed'], holds: false }
    : listed(body.mrEnclave, program.mrEnclave)
  const { isvProdId, minimumIsvSvn } = program
  return new Map<string, Comparison>([
    ['mrEnclave', enclave],
    ['mrSigner', listed(body.mrSigner, program.mrSigner)],
    ['configId', listed(body.configId, program.configId)],
    ['isvProdId', { expected: [String(isvProdId)], holds: body.isvProdId === isvProdId }],
    ['isvSvn', { expected: [`${minimumIsvSvn} or higher`], holds: body.isvSvn >= minimumIsvSvn }],
  ])
}
