/**
 * The four services of the wire. Each table names a method's kind and its codecs; the compiler holds it to the
 * interface in api.ts, and `protocol.ts` holds it to the proto files when a program starts.
 */
import type { AggregationApi, ClientCall, PartyApi, Role, RoundApi, RunApi, ServerCall } from './api.ts'
import type { Handler, Method, MethodTable, Service, ServiceBinding } from './service.ts'
import * as aggregator from './wire/aggregator.ts'
import * as coordinator from './wire/coordinator.ts'
import * as ledger from './wire/ledger.ts'
import type { Codec } from './wire/message.ts'

const method =
  <Kind extends Method['kind']>(kind: Kind, lasting = false) =>
  <Request, Response>(name: string, request: Codec<Request>, response: Codec<Response>) => ({
    kind,
    name,
    request,
    response,
    lasting,
  })

const unary = method('unary')
/** Ends by itself, for instance a download. */
const stream = method('server-stream')
/** Lasts until somebody ends it. */
const lasting = method('server-stream', true)
const upload = method('bidi')

function service<ClientApi, ServerApi>(
  name: string,
  methods: MethodTable<ClientApi> & MethodTable<ServerApi>,
): Service<ClientApi, ServerApi> {
  return { name: `coffer.v1.${name}`, methods }
}

export const runService = service<RunApi<ClientCall>, RunApi<ServerCall>>('RunService', {
  submitRun: unary('SubmitRun', coordinator.submitRunRequest, coordinator.runMessage),
  listRuns: unary('ListRuns', coordinator.listRunsRequest, coordinator.listRunsResponse),
  getRun: unary('GetRun', coordinator.getRunRequest, coordinator.runMessage),
  watchRun: lasting('WatchRun', coordinator.watchRunRequest, coordinator.runEventMessage),
  stopRun: unary('StopRun', coordinator.stopRunRequest, coordinator.runMessage),
  listModels: unary('ListModels', coordinator.listModelsRequest, coordinator.listModelsResponse),
  getModel: unary('GetModel', coordinator.getModelRequest, coordinator.modelVersionMessage),
  downloadModel: stream('DownloadModel', coordinator.getModelRequest, coordinator.chunkMessage),
  getStatus: unary('GetStatus', coordinator.getStatusRequest, coordinator.coordinatorStatus),
  getCheckpoint: unary('GetCheckpoint', ledger.getCheckpointRequest, ledger.ledgerCheckpoint),
  proveInclusion: unary('ProveInclusion', ledger.proveInclusionRequest, ledger.inclusionProof),
  readLeaves: stream('ReadLeaves', ledger.readLeavesRequest, ledger.ledgerLeaf),
})

export const partyService = service<PartyApi<ClientCall>, PartyApi<ServerCall>>('PartyService', {
  attend: lasting('Attend', coordinator.attendRequest, coordinator.assignment),
  decide: unary('Decide', coordinator.decideRequest, coordinator.decideResponse),
  getCheckpoint: unary('GetCheckpoint', ledger.getCheckpointRequest, ledger.ledgerCheckpoint),
  proveInclusion: unary('ProveInclusion', ledger.proveInclusionRequest, ledger.inclusionProof),
})

export const aggregationService = service<AggregationApi<ClientCall>, AggregationApi<ServerCall>>(
  'AggregationService',
  {
    startRun: unary('StartRun', aggregator.startRunRequest, aggregator.startRunResponse),
    watchAggregation: lasting('WatchAggregation', aggregator.watchAggregationRequest, coordinator.runEventMessage),
    stopAggregation: unary('StopAggregation', aggregator.stopAggregationRequest, aggregator.stopAggregationResponse),
    getAggregationStatus: unary(
      'GetAggregationStatus',
      aggregator.getAggregationStatusRequest,
      aggregator.aggregationStatus,
    ),
    collectModel: stream('CollectModel', aggregator.collectModelRequest, aggregator.collectedModel),
  },
)

export const roundService = service<RoundApi<ClientCall>, RoundApi<ServerCall>>('RoundService', {
  join: lasting('Join', aggregator.joinRequest, aggregator.task),
  fetchParameters: stream('FetchParameters', aggregator.fetchParametersRequest, coordinator.chunkMessage),
  submitUpdate: upload('SubmitUpdate', aggregator.updatePart, aggregator.uploadStatus),
  fetchReceipts: stream('FetchReceipts', aggregator.fetchReceiptsRequest, aggregator.sealedReceipt),
  declineTask: unary('DeclineTask', aggregator.declineTaskRequest, aggregator.declineTaskResponse),
})

/** Every service, for what must be shown of all: that the tables and the proto files agree. */
export const services = [runService, partyService, aggregationService, roundService] as const

/** Ties an implementation to its service and says who may call it. */
export function bind<ClientApi, ServerApi extends object>(
  service: Service<ClientApi, ServerApi>,
  implementation: ServerApi,
  allowedRoles: readonly Role[],
): ServiceBinding {
  return {
    service,
    allowedRoles,
    handler: (name) => {
      const handler: unknown = Reflect.get(implementation, name)
      if (typeof handler !== 'function') throw new Error(`${service.name} is bound without a handler for ${name}`)
      const call: Handler = (request, call) => Reflect.apply(handler, implementation, [request, call])
      return call
    },
  }
}
