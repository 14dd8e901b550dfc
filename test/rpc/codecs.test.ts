/** Messages: everything that may be sent comes back equal, and everything else is refused with every bad field named. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partyActivities, runStates, taskKinds } from '../../src/round/index.ts'
import { RpcError } from '../../src/rpc/index.ts'
import { type WireMethod, wireMethods } from '../../src/rpc/protocol.ts'
import type { AnyService } from '../../src/rpc/service.ts'
import { runService, services } from '../../src/rpc/services.ts'

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 5 })
const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const orNone = fc.oneof(fc.constant(new Uint8Array()), sha256)
const data = fc.uint8Array({ minLength: 1, maxLength: 200 })
const count = fc.maxSafeNat()
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const round = fc.integer({ min: 0, max: 10_001 })
const text = fc.string({ maxLength: 80, unit: 'grapheme' })
const rows = fc.integer({ min: 1, max: 2 ** 31 - 1 })
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const runId = hex(32)
const tee = fc.stringMatching(/^[ -~]{1,64}$/)
const begun = fc.stringMatching(/^[0-9a-f]{4,32}$/)
const metrics = fc.record(
  { auc: finite, ks: finite, log_loss: finite, accuracy: finite, mse: finite, mae: finite },
  { requiredKeys: [] },
)
const standardisation = fc
  .array(fc.tuple(finite, finite.map(Math.abs)), { maxLength: 5 })
  .map((pairs) => ({ mean: pairs.map(([mean]) => mean), deviation: pairs.map(([, deviation]) => deviation) }))
const partyState = fc.record({
  party: name,
  decision: fc.constantFrom('undecided', 'accepted', 'declined'),
  reasons: fc.array(text, { maxLength: 3 }),
  activity: fc.constantFrom(...partyActivities),
})
const run = fc.record({
  runId,
  name: text,
  specJson: data,
  jobDigest: sha256,
  state: fc.constantFrom(...runStates),
  reason: text,
  submittedBy: name,
  createdMs: count,
  endedMs: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
  round,
  rounds: round,
  parties: fc.array(partyState, { maxLength: 3 }),
  metrics,
  metricsModel: round,
  modelId: fc.option(runId, { nil: undefined }),
  tee: fc.oneof(fc.constant(''), tee),
})
const model = fc.record({
  modelId: runId,
  runId,
  name: text,
  jobDigest: sha256,
  digest: sha256,
  createdMs: count,
  rounds: round,
  parameters: rows,
  metrics,
  specJson: data,
  standardisation,
  parties: names,
  tee: fc.oneof(fc.constant(''), tee),
})
const eventBody = fc.oneof(
  fc.record({
    kind: fc.constant('attested'),
    tee,
    epoch: fc.oneof(fc.constant(''), hex(32)),
    receiptKey: fc.oneof(fc.constant(''), hex(88)),
    evidence: fc.record({ quote: data, eventLog: fc.oneof(fc.constant(new Uint8Array()), data), statement: data }),
  }),
  fc.record({ kind: fc.constant('state-changed'), state: fc.constantFrom(...runStates), reason: text }),
  fc.record({
    kind: fc.constant('party-changed'),
    party: name,
    activity: fc.constantFrom(...partyActivities),
    round,
    detail: text,
  }),
  fc.record({
    kind: fc.constant('round-opened'),
    round,
    task: fc.constantFrom(...taskKinds),
    cohort: names,
    deadlineMs: count,
  }),
  fc.record({
    kind: fc.constant('round-closed'),
    round,
    task: fc.constantFrom(...taskKinds),
    contributors: names,
    missing: names,
    metrics,
    trainingLoss: finite,
    modelDigest: sha256,
    gatherMs: uint32,
    sumMs: uint32,
    stepMs: uint32,
    receipt: fc.oneof(fc.constant(new Uint8Array()), data),
  }),
)
const event = fc
  .tuple(fc.record({ sequence: fc.integer({ min: 1 }), atMs: count }), eventBody)
  .map(([common, body]) => ({ ...common, ...body }))
const taskBody = fc.oneof(
  fc.record({ kind: fc.constant('statistics') }),
  fc.record({ kind: fc.constant('evaluate'), modelDigest: sha256, standardisation }),
  fc.record({ kind: fc.constant('train'), modelDigest: sha256, standardisation, controlDigest: orNone }),
  fc.record({ kind: fc.constant('ended'), state: fc.constantFrom(...runStates), reason: text }),
)
const task = fc
  .tuple(
    fc.record({
      runId,
      round,
      weightUnit: count,
      remainingMs: count,
      receipts: fc.integer({ min: 0, max: 10_002 }),
      runKey: orNone,
      checkpoints: fc.array(data, { maxLength: 8 }),
    }),
    taskBody,
  )
  .map(([common, body]) => ({ ...common, ...body }))
const dataPart = fc.record({ kind: fc.constant('data'), data })
const offset = fc.integer({ min: 0, max: 2 ** 37 })
const proof = fc.array(sha256, { maxLength: 64 })
const empty = fc.constant({})

/** One generator per message; a message without one fails the test below. */
const messages: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  Chunk: data,
  Run: run,
  RunEvent: event,
  ModelVersion: model,
  Task: task,
  SubmitRunRequest: fc.record({ specJson: data }),
  ListRunsRequest: fc.record({ limit: fc.integer({ min: 0, max: 500 }) }),
  ListRunsResponse: fc.record({
    runs: fc.array(
      run.map((each) => ({ ...each, specJson: new Uint8Array() })),
      { maxLength: 3 },
    ),
  }),
  GetRunRequest: fc.record({ runId: begun }),
  WatchRunRequest: fc.record({ runId: begun, afterSequence: count }),
  StopRunRequest: fc.record({ runId: begun, reason: text }),
  ListModelsRequest: fc.record({ limit: fc.integer({ min: 0, max: 500 }) }),
  ListModelsResponse: fc.record({
    models: fc.array(
      model.map((each) => ({ ...each, specJson: new Uint8Array(), standardisation: { mean: [], deviation: [] } })),
      { maxLength: 3 },
    ),
  }),
  GetModelRequest: fc.record({ modelId: begun }),
  GetStatusRequest: empty,
  CoordinatorStatus: fc.record({
    version: text.filter((each) => each.length <= 64),
    federation: name,
    connectedParties: names,
    aggregatorReachable: fc.boolean(),
    aggregatorDetail: text,
    store: text,
    timeMs: count,
  }),
  AttendRequest: fc.record({ agentVersion: fc.string({ maxLength: 64 }) }),
  Assignment: fc.record({ runId, phase: fc.constantFrom('decide', 'join', 'ended'), specJson: data, detail: text }),
  DecideRequest: fc.record({
    runId,
    jobDigest: sha256,
    accepted: fc.boolean(),
    reasons: fc.array(text, { maxLength: 20 }),
  }),
  DecideResponse: empty,
  StartRunRequest: fc.record({ runId, specJson: data, parties: names }),
  StartRunResponse: empty,
  WatchAggregationRequest: fc.record({ runId, afterSequence: count }),
  StopAggregationRequest: fc.record({ runId, reason: text }),
  StopAggregationResponse: empty,
  GetAggregationStatusRequest: empty,
  AggregationStatus: fc.record({ activeRuns: fc.nat() }),
  CollectModelRequest: fc.record({ runId }),
  CollectedModel: fc.oneof(
    fc.record({ kind: fc.constant('header'), digest: sha256, parameters: rows, standardisation }),
    dataPart,
  ),
  JoinRequest: fc.record({ runId, jobDigest: sha256, rows, runKey: orNone, checkpoint: data }),
  FetchParametersRequest: fc.record({ runId, modelDigest: sha256, offset }),
  FetchReceiptsRequest: fc.record({ runId, after: fc.integer({ min: 0, max: 10_002 }) }),
  SealedReceipt: data,
  GetCheckpointRequest: fc.record({ size: count }),
  LedgerCheckpoint: fc.record({ checkpoint: data, consistency: proof }),
  ProveInclusionRequest: fc.record({ leafHash: sha256, size: fc.integer({ min: 1 }) }),
  InclusionProof: fc.record({ index: count, path: proof }),
  ReadLeavesRequest: fc.record({ from: count, count: fc.integer({ min: 1, max: 1000 }) }),
  LedgerLeaf: data,
  UpdatePart: fc.oneof(
    fc.record({
      kind: fc.constant('header'),
      runId,
      round,
      digest: sha256,
      length: fc.integer({ min: 1, max: 2 ** 37 }),
      weight: rows,
    }),
    fc.record({ kind: fc.constant('chunk'), offset, data, crc32: uint32 }),
  ),
  UploadStatus: fc.oneof(
    fc.record({ kind: fc.constantFrom('admitted', 'progress'), offset }),
    fc.record({ kind: fc.constant('accepted'), digest: sha256, round }),
  ),
  DeclineTaskRequest: fc.record({ runId, round, code: fc.stringMatching(/^[A-Z][A-Z0-9_]{2,20}$/) }),
  DeclineTaskResponse: empty,
}

const all: WireMethod[] = services.flatMap((service: AnyService) => wireMethods(service))
const directions = all.flatMap((wire) => [
  { codec: wire.method.request, encode: wire.encodeRequest, decode: wire.decodeRequest },
  { codec: wire.method.response, encode: wire.encodeResponse, decode: wire.decodeResponse },
])
const distinct = [...new Map(directions.map((each) => [each.codec.name, each])).values()]

/** The bytes of a wire object, as a hostile peer may make them: without our codec's checks. */
function hostile(message: string, wire: object): () => unknown {
  const found = distinct.find((each) => each.codec.name === message)
  if (found === undefined) throw new Error(`no message ${message}`)
  return () => found.codec.fromWire(found.decode(found.encode(wire)))
}

describe('every message', () => {
  test.each(distinct.map((each) => [each.codec.name, each] as const))(
    '%s comes back equal',
    (message, { codec, encode, decode }) => {
      const values = messages[message]
      if (values === undefined) throw new Error(`no generator for ${message}`)
      fc.assert(
        fc.property(values, (value) => {
          const back = codec.fromWire(decode(encode(codec.toWire(value))))
          expect(withoutNegativeZero(back)).toEqual(withoutNegativeZero(value))
        }),
        { numRuns: 30 },
      )
    },
  )

  test('whatever bytes arrive, decoding ends in a value or in WIRE_INVALID', () => {
    fc.assert(
      fc.property(fc.constantFrom(...distinct), fc.uint8Array({ maxLength: 60 }), ({ codec, decode }, bytes) => {
        let wire: object
        try {
          wire = decode(Buffer.from(bytes))
        } catch {
          return
        }
        try {
          codec.fromWire(wire)
        } catch (error) {
          expect(error).toBeInstanceOf(RpcError)
          expect(error).toMatchObject({ code: 'WIRE_INVALID' })
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** proto3 does not send a zero of either sign. */
function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (value instanceof Uint8Array) return [...value]
  if (Array.isArray(value)) return value.map(withoutNegativeZero)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutNegativeZero(each)]))
}

const id = 'ab'.repeat(16)
const good = Buffer.alloc(32)
const closed = { round: 1, kind: 'TRAIN', modelDigest: good }
const bad: readonly (readonly [string, string, object, string])[] = [
  [
    'an empty message',
    'JoinRequest',
    {},
    'run_id: found "", expected 32 lower-case hex digits; job_digest: found 0 bytes',
  ],
  ['a capital id', 'GetRunRequest', { runId: 'ABCD' }, 'run_id: found "ABCD"'],
  ['a short beginning', 'GetRunRequest', { runId: 'abc' }, 'run_id: found "abc"'],
  ['a long text', 'GetRunRequest', { runId: 'x'.repeat(9999) }, `run_id: found "${'x'.repeat(40)}"…`],
  [
    '2^53 and more',
    'WatchRunRequest',
    { runId: id, afterSequence: 2 ** 60 },
    'after_sequence: found 1152921504606847000',
  ],
  ['too many rows', 'JoinRequest', { runId: id, jobDigest: good, rows: 2 ** 31 }, 'rows: found 2147483648'],
  ['a round beyond', 'DeclineTaskRequest', { runId: id, round: 10_002, code: 'X_Y' }, 'round: found 10002'],
  ['a code that is none', 'DeclineTaskRequest', { runId: id, round: 1, code: "'; --" }, 'code: found "\'; --"'],
  ['no oneof', 'UpdatePart', {}, 'part: found nothing, expected one of header, chunk'],
  ['an empty chunk', 'UpdatePart', { chunk: { offset: 0 } }, 'chunk.data: found 0 bytes, expected 1 to 1048576 bytes'],
  ['half a key', 'JoinRequest', { runId: id, jobDigest: good, rows: 1, runKey: Buffer.alloc(16) }, 'run_key: found 16'],
  ['a large chunk', 'Chunk', { data: Buffer.alloc(1024 * 1024 + 1) }, 'data: found 1048577 bytes'],
  ['a bad header', 'UpdatePart', { header: { runId: id, digest: good, weight: 1 } }, 'header.length: found 0'],
  [
    'an enum not set',
    'Assignment',
    { runId: id, specJson: good },
    'phase: found "PHASE_UNSPECIFIED", expected one of DECIDE',
  ],
  ['an unknown enum', 'Assignment', { runId: id, specJson: good, phase: 77 }, 'phase: found 77'],
  ['a name twice', 'StartRunRequest', { runId: id, specJson: good, parties: ['a', 'a'] }, 'parties: a is named twice'],
  ['a bad name', 'StartRunRequest', { runId: id, specJson: good, parties: ['a', 'B'] }, 'parties[1]: found "B"'],
  [
    'nobody',
    'StartRunRequest',
    { runId: id, specJson: good },
    'parties: found a list of 0, expected a list of 1 to 1024',
  ],
  [
    'an unknown metric',
    'RunEvent',
    event1({ ...closed, metrics: [{ name: 'f1' }] }),
    'round_closed.metrics[0].name: found "f1"',
  ],
  [
    'a metric twice',
    'RunEvent',
    event1({ ...closed, metrics: [{ name: 'auc' }, { name: 'auc' }] }),
    'round_closed.metrics: a metric is given twice',
  ],
  ['a TEE without a name', 'RunEvent', attested1(''), 'attested.tee: found "", expected 1 to 64 printable ASCII'],
  ['a TEE that writes lines', 'RunEvent', attested1('tdx\nrun finished'), 'attested.tee: found'],
  ['a long TEE', 'RunEvent', attested1('x'.repeat(65)), 'attested.tee: found'],
  ['no number', 'RunEvent', event1({ ...closed, trainingLoss: Number.NaN }), 'round_closed.training_loss: found NaN'],
  [
    'uneven lists',
    'CollectedModel',
    { header: { digest: good, parameters: 1, standardisation: { mean: [1] } } },
    'header.standardisation: 1 means, 0 deviations',
  ],
  [
    'a negative deviation',
    'CollectedModel',
    { header: { digest: good, parameters: 1, standardisation: { mean: [1], deviation: [-1] } } },
    'a deviation is negative',
  ],
  [
    'a missing message',
    'CollectedModel',
    { header: { digest: good, parameters: 1 } },
    'header.standardisation: found nothing, expected a message',
  ],
]

function event1(roundClosed: object): object {
  return { sequence: 1, atMs: 1, roundClosed }
}

function attested1(tee: string): object {
  return { sequence: 1, atMs: 1, attested: { tee } }
}

describe('what a hostile peer may send', () => {
  test.each(bad)('%s in %s', (_what, message, wire, expected) => {
    const read = hostile(message, wire)
    expect(read).toThrow(RpcError)
    expect(read).toThrow(expect.objectContaining({ code: 'WIRE_INVALID', message: expect.stringContaining(expected) }))
  })

  test('a thousand bad fields make a short message', () => {
    const parties = Array.from({ length: 1000 }, () => 'NO')
    const read = hostile('StartRunRequest', { runId: id, specJson: good, parties })
    expect(read).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/parties\[0\].*parties\[19\].*; and more$/) }),
    )
  })

  test('free text is shortened by its sender, never in the middle of a character', () => {
    const codec = distinct.find((each) => each.codec.name === 'StopRunRequest')
    const sent = codec?.codec.toWire({ runId: id, reason: `${'a'.repeat(498)}😀😀` })
    expect(sent).toMatchObject({ reason: `${'a'.repeat(498)}…` })
    const half = codec?.codec.toWire({ runId: id, reason: 'half \ud83d' })
    expect(half).toMatchObject({ reason: 'half \ufffd' })
  })
})

describe('tables and proto files', () => {
  const table: AnyService = runService
  const { getRun } = table.methods

  test('agree', () => {
    expect(all.map((each) => each.path)).toContain('/coffer.v1.RunService/SubmitRun')
  })

  test.each([
    ['a method is missing', { ...table, methods: { getRun } }, /no table entry for SubmitRun/],
    ['a method is unknown', { ...table, methods: { ...table.methods, x: { ...getRun, name: 'Fly' } } }, /have no Fly/],
    [
      'another kind',
      { ...table, methods: { ...table.methods, getRun: { ...getRun, kind: 'server-stream' } } },
      /table says/,
    ],
    [
      'another message',
      { ...table, methods: { ...table.methods, getRun: { ...getRun, request: getRun?.response } } },
      /says/,
    ],
    ['another service', { ...table, name: 'coffer.v1.Nothing' }, /no service/],
  ])('disagree: %s', (_what, planted, message) => {
    expect(() => wireMethods(planted as AnyService)).toThrow(message)
  })
})
