/** Messages of proto/coffer/v1/run.proto: runs, their events, model versions, chunks. */
import type { MetricName, Metrics, Standardisation } from '../../learning/index.ts'
import type { Evidence, ModelVersion, PartyState, Run, RunEvent, RunEventBody, TaskKind } from '../../round/index.ts'
import type { Attested__Output } from '../../gen/coffer/v1/Attested.ts'
import type { Evidence__Output } from '../../gen/coffer/v1/Evidence.ts'
import type { Chunk__Output } from '../../gen/coffer/v1/Chunk.ts'
import type { Metric__Output } from '../../gen/coffer/v1/Metric.ts'
import type { ModelVersion__Output } from '../../gen/coffer/v1/ModelVersion.ts'
import type { PartyChanged__Output } from '../../gen/coffer/v1/PartyChanged.ts'
import type { PartyState__Output } from '../../gen/coffer/v1/PartyState.ts'
import type { RoundClosed__Output } from '../../gen/coffer/v1/RoundClosed.ts'
import type { RoundOpened__Output } from '../../gen/coffer/v1/RoundOpened.ts'
import type { RunEvent__Output } from '../../gen/coffer/v1/RunEvent.ts'
import type { Run__Output } from '../../gen/coffer/v1/Run.ts'
import type { Standardisation__Output } from '../../gen/coffer/v1/Standardisation.ts'
import type { StateChanged__Output } from '../../gen/coffer/v1/StateChanged.ts'
import * as limit from '../limits.ts'
import { both, mapped, Misfit, oneOf, record, tagged, type Field } from './field.ts'
import {
  bytes,
  choice,
  digest,
  distinct,
  finite,
  integer,
  list,
  milliseconds,
  modelId,
  name,
  optional,
  prose,
  runId,
  text,
} from './values.ts'

export const chunkData = bytes(1, limit.MAXIMUM_CHUNK_BYTES)
export const specJson = bytes(1, limit.MAXIMUM_SPEC_BYTES)
export const round = integer(0, limit.MAXIMUM_ROUND)
const reason = prose(limit.MAXIMUM_DETAIL)
const runName = prose(200)
const names = distinct(name, limit.MAXIMUM_PARTIES)
/** An attester's name. It is shown in terminals and files of everybody, so nothing but plain characters. */
const tee = text('1 to 64 printable ASCII characters', (value) => /^[ -~]{1,64}$/.test(value))
const teeOrNone = text('at most 64 printable ASCII characters', (value) => /^[ -~]{0,64}$/.test(value))

export const runState = choice({
  proposed: 'PROPOSED',
  accepted: 'ACCEPTED',
  running: 'RUNNING',
  finished: 'FINISHED',
  abandoned: 'ABANDONED',
  stopped: 'STOPPED',
  rejected: 'REJECTED',
} as const)

const activity = choice({
  absent: 'ABSENT',
  joined: 'JOINED',
  working: 'WORKING',
  delivered: 'DELIVERED',
  late: 'LATE',
  gone: 'GONE',
  refused: 'REFUSED',
} as const)

const decision = choice({ undecided: 'UNDECIDED', accepted: 'ACCEPTED_RUN', declined: 'DECLINED_RUN' } as const)
const taskKind = choice({ statistics: 'STATISTICS', train: 'TRAIN', evaluate: 'EVALUATE' } as const)

const metricWords: Readonly<Record<MetricName, MetricName>> = {
  auc: 'auc',
  ks: 'ks',
  log_loss: 'log_loss',
  accuracy: 'accuracy',
  mse: 'mse',
  mae: 'mae',
}
const metricNames = Object.values(metricWords)
const metric = record<{ name: MetricName; value: number }, Metric__Output>({ name: choice(metricWords), value: finite })
const metricList = list(metric, metricNames.length)

/** A list on the wire, a record in the domain; a metric given twice is a misfit. */
const metrics: Field<Metrics, Metric__Output[]> = {
  read(wire, place) {
    const pairs = metricList.read(wire, place).map(({ name, value }) => [name, value] as const)
    if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Misfit([`${place}: a metric is given twice`])
    return Object.fromEntries(pairs)
  },
  write(value) {
    return metricList.write(
      metricNames.flatMap((key) => {
        const found = value[key]
        return found === undefined ? [] : [{ name: key, value: found }]
      }),
    )
  },
}

const columns = list(finite, limit.MAXIMUM_INPUTS)
const plainStandardisation = record<Standardisation, Standardisation__Output>({ mean: columns, deviation: columns })
export const standardisation: Field<Standardisation, Standardisation__Output> = {
  write: plainStandardisation.write,
  read(wire, place) {
    const value = plainStandardisation.read(wire, place)
    const { mean, deviation } = value
    if (mean.length !== deviation.length)
      throw new Misfit([`${place}: ${mean.length} means, ${deviation.length} deviations`])
    if (deviation.some((each) => each < 0)) throw new Misfit([`${place}.deviation: a deviation is negative`])
    return value
  },
}

export const chunk: Field<Uint8Array, Chunk__Output> = mapped(
  record<{ data: Uint8Array }, Chunk__Output>({ data: chunkData }),
  ({ data }) => data,
  (data) => ({ data }),
)

const partyState = record<PartyState, PartyState__Output>({
  party: name,
  decision,
  reasons: list(prose(limit.MAXIMUM_REASON), limit.MAXIMUM_REASONS),
  activity,
})

const runFields = {
  runId,
  name: runName,
  jobDigest: digest,
  state: runState,
  reason,
  submittedBy: name,
  createdMs: milliseconds,
  endedMs: optional(milliseconds, 0),
  round,
  rounds: round,
  parties: list(partyState, limit.MAXIMUM_PARTIES),
  metrics,
  metricsModel: round,
  modelId: optional(modelId, ''),
  tee: teeOrNone,
}

export const run = record<Run, Run__Output>({ ...runFields, specJson })

const none = new Uint8Array(0)
/** In a list: without the spec, so that 500 of them fit one message. */
export const listedRun = mapped<Run, Run, Run__Output>(
  record<Run, Run__Output>({ ...runFields, specJson: bytes(0, 0) }),
  (value) => value,
  (value) => ({ ...value, specJson: none }),
)

const modelFields = {
  modelId,
  runId,
  name: runName,
  jobDigest: digest,
  digest,
  createdMs: milliseconds,
  rounds: round,
  parameters: integer(1, limit.MAXIMUM_PARAMETERS),
  metrics,
  standardisation,
  parties: names,
  tee: teeOrNone,
}

export const modelVersion = record<ModelVersion, ModelVersion__Output>({ ...modelFields, specJson })

/** In a list: without spec and standardisation. */
export const listedModel = mapped<ModelVersion, ModelVersion, ModelVersion__Output>(
  record<ModelVersion, ModelVersion__Output>({ ...modelFields, specJson: bytes(0, 0) }),
  (value) => value,
  (value) => ({ ...value, specJson: none, standardisation: { mean: [], deviation: [] } }),
)

const evidence = record<Evidence, Evidence__Output>({
  quote: bytes(0, limit.MAXIMUM_ANSWER_BYTES),
  eventLog: bytes(0, limit.MAXIMUM_ANSWER_BYTES),
  statement: bytes(0, limit.MAXIMUM_ANSWER_BYTES),
})
const attested = record<Body<'attested'>, Attested__Output>({
  tee,
  // Empty in the history of a run that was played before there were receipts.
  epoch: text('32 lower-case hex digits, or none', (value) => /^([0-9a-f]{32})?$/.test(value)),
  receiptKey: text('88 lower-case hex digits, or none', (value) => /^([0-9a-f]{88})?$/.test(value)),
  evidence,
})

const stateChanged = record<{ state: Run['state']; reason: string }, StateChanged__Output>({ state: runState, reason })

type Body<Kind extends RunEventBody['kind']> = Omit<Extract<RunEventBody, { kind: Kind }>, 'kind'>
const partyChanged = record<Body<'party-changed'>, PartyChanged__Output>({
  party: name,
  activity,
  round,
  detail: prose(limit.MAXIMUM_DETAIL),
})

/** The wire calls a round's task its kind; in the domain `kind` is the event's own tag. */
type WithKind<Kind extends RunEventBody['kind']> = Omit<Body<Kind>, 'task'> & { kind: TaskKind }
const roundOpened = mapped(
  record<WithKind<'round-opened'>, RoundOpened__Output>({
    round,
    kind: taskKind,
    cohort: names,
    deadlineMs: milliseconds,
  }),
  ({ kind, ...rest }): Body<'round-opened'> => ({ ...rest, task: kind }),
  ({ task, round, cohort, deadlineMs }) => ({ round, cohort, deadlineMs, kind: task }),
)
const roundClosed = mapped(
  record<WithKind<'round-closed'>, RoundClosed__Output>({
    round,
    kind: taskKind,
    contributors: names,
    missing: names,
    metrics,
    trainingLoss: finite,
    modelDigest: digest,
    gatherMs: milliseconds32(),
    sumMs: milliseconds32(),
    stepMs: milliseconds32(),
    receipt: bytes(0, limit.MAXIMUM_RECEIPT_BYTES),
  }),
  ({ kind, ...rest }): Body<'round-closed'> => ({ ...rest, task: kind }),
  ({ task, ...rest }) => ({ ...rest, kind: task }),
)

/** uint32: 49 days. */
function milliseconds32(): Field<number, number> {
  return integer(0, 2 ** 32 - 1)
}

const eventCase = {
  attested: 'attested',
  'state-changed': 'stateChanged',
  'party-changed': 'partyChanged',
  'round-opened': 'roundOpened',
  'round-closed': 'roundClosed',
} as const

export const runEvent: Field<RunEvent, object> = both(
  record<{ sequence: number; atMs: number }, Pick<RunEvent__Output, 'sequence' | 'atMs'>>({
    sequence: integer(1),
    atMs: milliseconds,
  }),
  oneOf<RunEventBody, NonNullable<RunEvent__Output['what']>>(
    'what',
    {
      attested: tagged('attested', attested),
      stateChanged: tagged('state-changed', stateChanged),
      partyChanged: tagged('party-changed', partyChanged),
      roundOpened: tagged('round-opened', roundOpened),
      roundClosed: tagged('round-closed', roundClosed),
    },
    (event) => eventCase[event.kind],
  ),
)
