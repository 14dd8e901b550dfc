/**
 * The form of each record and of the events in them: every member with its bounds, and nothing else. The bounds hold
 * memory and sense together; those of the wire (src/rpc/limits.ts) lie within them.
 */
import { metricNames, type Metrics } from '../learning/index.ts'
import { type Fields, MAXIMUM_RECEIPT_BYTES, nameForm, runForm } from '../ledger/index.ts'
import { MAXIMUM_PARTIES } from '../update/index.ts'
import { partyActivities, type RunEvent, type RunEventBody, runStates, taskKinds } from './run.ts'
import { finalStates, type RoundClosedEvent, roundSteps, type RunRecord } from './steps.ts'

/** A reason may name every missing party. */
const MOST_TEXT = 256 * 1024
const MOST_EVIDENCE_BYTES = 512 * 1024
const DIGEST_BYTES = 32

type Kind = RunRecord['kind']
type RecordOf<K extends Kind> = Extract<RunRecord, { kind: K }>
type EventKind = RunEventBody['kind']
type BodyOf<K extends EventKind> = Extract<RunEventBody, { kind: K }>

export function readRecord(fields: Fields): RunRecord {
  return records[fields.oneOf('kind', roundSteps)](fields)
}

const records: { readonly [K in Kind]: (fields: Fields) => RecordOf<K> } = {
  epoch: (fields) => ({ kind: 'epoch', epoch: fields.matching('epoch', runForm), receiptKey: spki(fields) }),
  member: (fields) => ({ kind: 'member', party: party(fields), rows: fields.whole('rows', 1) }),
  opened: (fields) => ({
    kind: 'opened',
    round: fields.whole('round', 0),
    task: fields.oneOf('task', taskKinds),
    cohort: parties(fields, 'cohort'),
    weightUnit: fields.whole('weightUnit', 1),
    deadlineMs: finite(fields, 'deadlineMs'),
  }),
  received: (fields) => ({
    kind: 'received',
    round: fields.whole('round', 0),
    party: party(fields),
    digest: fields.hex('digest', DIGEST_BYTES),
    weight: fields.whole('weight', 1),
    staleness: fields.whole('staleness', 0),
  }),
  closed: (fields) => ({
    kind: 'closed',
    round: fields.whole('round', 0),
    contributors: parties(fields, 'contributors'),
  }),
  committed: (fields) => ({
    kind: 'committed',
    round: fields.whole('round', 0),
    stateDigest: fields.hex('stateDigest', DIGEST_BYTES),
    event: readClosedEvent(fields.object('event')),
  }),
  event: (fields) => ({ kind: 'event', event: readPlainEvent(fields.object('event')) }),
  ended: (fields) => ({
    kind: 'ended',
    sequence: fields.whole('sequence', 1),
    atMs: finite(fields, 'atMs'),
    state: fields.oneOf('state', finalStates),
    reason: text(fields, 'reason'),
  }),
}

const head = (fields: Fields) => ({ sequence: fields.whole('sequence', 1), atMs: finite(fields, 'atMs') })

function readClosedEvent(fields: Fields): RoundClosedEvent {
  fields.oneOf('kind', ['round-closed'])
  return { ...head(fields), ...bodies['round-closed'](fields) }
}

const plainKinds = ['attested', 'state-changed', 'party-changed', 'round-opened'] as const

function readPlainEvent(fields: Fields): Exclude<RunEvent, RoundClosedEvent> {
  return { ...head(fields), ...bodies[fields.oneOf('kind', plainKinds)](fields) }
}

const bodies: { readonly [K in EventKind]: (fields: Fields) => BodyOf<K> } = {
  attested: (fields) => ({
    kind: 'attested',
    tee: fields.matching('tee', { pattern: /^[ -~]{1,64}$/, expected: '1 to 64 printable ASCII characters' }),
    epoch: fields.matching('epoch', runForm),
    receiptKey: spki(fields),
    evidence: readEvidence(fields.object('evidence')),
  }),
  'state-changed': (fields) => ({
    kind: 'state-changed',
    state: fields.oneOf('state', runStates),
    reason: text(fields, 'reason'),
  }),
  'party-changed': (fields) => ({
    kind: 'party-changed',
    party: party(fields),
    activity: fields.oneOf('activity', partyActivities),
    round: fields.whole('round', 0),
    detail: text(fields, 'detail'),
  }),
  'round-opened': (fields) => ({
    kind: 'round-opened',
    round: fields.whole('round', 0),
    task: fields.oneOf('task', taskKinds),
    cohort: parties(fields, 'cohort'),
    deadlineMs: finite(fields, 'deadlineMs'),
  }),
  'round-closed': (fields) => ({
    kind: 'round-closed',
    round: fields.whole('round', 0),
    task: fields.oneOf('task', taskKinds),
    contributors: parties(fields, 'contributors'),
    missing: parties(fields, 'missing'),
    metrics: readMetrics(fields.object('metrics')),
    trainingLoss: finite(fields, 'trainingLoss'),
    modelDigest: bytes(fields, 'modelDigest', DIGEST_BYTES, DIGEST_BYTES),
    gatherMs: finite(fields, 'gatherMs'),
    sumMs: finite(fields, 'sumMs'),
    stepMs: finite(fields, 'stepMs'),
    receipt: bytes(fields, 'receipt', 1, MAXIMUM_RECEIPT_BYTES),
  }),
}

const readEvidence = (fields: Fields) => ({
  quote: bytes(fields, 'quote', 0, MOST_EVIDENCE_BYTES),
  eventLog: bytes(fields, 'eventLog', 0, MOST_EVIDENCE_BYTES),
  statement: bytes(fields, 'statement', 0, MOST_EVIDENCE_BYTES),
})

/** Absent where a metric cannot be told. Members of other names are noticed because the form is canonical. */
function readMetrics(fields: Fields): Metrics {
  const known = metricNames.filter((name) => fields.unread(name) !== undefined)
  return Object.fromEntries(known.map((name) => [name, finite(fields, name)]))
}

const party = (fields: Fields): string => fields.matching('party', nameForm)

const spki = (fields: Fields): string =>
  fields.matching('receiptKey', { pattern: /^(?:[0-9a-f]{2}){1,256}$/, expected: '1 to 256 bytes in hexadecimal' })

function parties(fields: Fields, key: string): string[] {
  const found = fields.unread(key)
  const names = Array.isArray(found) ? found.filter((each): each is string => typeof each === 'string') : []
  const right = Array.isArray(found) && found.length <= MAXIMUM_PARTIES && found.length === names.length
  if (right && new Set(names).size === names.length && names.every((name) => nameForm.pattern.test(name))) return names
  throw fields.refused(key, `a list of at most ${MAXIMUM_PARTIES} names, each once`)
}

function text(fields: Fields, key: string): string {
  const found = fields.unread(key)
  if (typeof found === 'string' && found.length <= MOST_TEXT) return found
  throw fields.refused(key, `text of at most ${MOST_TEXT} characters`)
}

/** Times, losses and metrics: a clock may be set back, and a loss may be below zero. */
function finite(fields: Fields, key: string): number {
  const found = fields.unread(key)
  if (typeof found === 'number' && Number.isFinite(found)) return found
  throw fields.refused(key, 'a finite number')
}

function bytes(fields: Fields, key: string, least: number, most: number): Uint8Array {
  const found = fields.unread(key)
  if (typeof found === 'string' && found.length <= 4 * Math.ceil(most / 3)) {
    const decoded = Buffer.from(found, 'base64')
    if (decoded.length >= least && decoded.length <= most && decoded.toString('base64') === found) {
      return new Uint8Array(decoded)
    }
  }
  throw fields.refused(key, `${least} to ${most} bytes in base64`)
}
