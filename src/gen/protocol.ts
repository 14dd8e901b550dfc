import type { fromJSON } from '@grpc/proto-loader'

export const protocol: Parameters<typeof fromJSON>[0] = {
  "nested": {
    "coffer": {
      "nested": {
        "v1": {
          "nested": {
            "AggregationService": {
              "methods": {
                "StartRun": {
                  "requestType": "StartRunRequest",
                  "responseType": "StartRunResponse",
                  "comment": ""
                },
                "WatchAggregation": {
                  "requestType": "WatchAggregationRequest",
                  "responseType": "RunEvent",
                  "responseStream": true,
                  "comment": ""
                },
                "StopAggregation": {
                  "requestType": "StopAggregationRequest",
                  "responseType": "StopAggregationResponse",
                  "comment": ""
                },
                "GetAggregationStatus": {
                  "requestType": "GetAggregationStatusRequest",
                  "responseType": "AggregationStatus",
                  "comment": ""
                },
                "CollectModel": {
                  "requestType": "CollectModelRequest",
                  "responseType": "CollectedModel",
                  "responseStream": true,
                  "comment": ""
                }
              }
            },
            "RoundService": {
              "methods": {
                "Join": {
                  "requestType": "JoinRequest",
                  "responseType": "Task",
                  "responseStream": true,
                  "comment": ""
                },
                "FetchParameters": {
                  "requestType": "FetchParametersRequest",
                  "responseType": "Chunk",
                  "responseStream": true,
                  "comment": ""
                },
                "SubmitUpdate": {
                  "requestType": "UpdatePart",
                  "requestStream": true,
                  "responseType": "UploadStatus",
                  "responseStream": true,
                  "comment": ""
                },
                "FetchReceipts": {
                  "requestType": "FetchReceiptsRequest",
                  "responseType": "SealedReceipt",
                  "responseStream": true,
                  "comment": ""
                },
                "DeclineTask": {
                  "requestType": "DeclineTaskRequest",
                  "responseType": "DeclineTaskResponse",
                  "comment": ""
                }
              }
            },
            "StartRunRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "specJson": {
                  "type": "bytes",
                  "id": 2
                },
                "parties": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 3
                }
              }
            },
            "StartRunResponse": {
              "fields": {}
            },
            "WatchAggregationRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "afterSequence": {
                  "type": "uint64",
                  "id": 2
                }
              }
            },
            "StopAggregationRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "reason": {
                  "type": "string",
                  "id": 2
                }
              }
            },
            "StopAggregationResponse": {
              "fields": {}
            },
            "GetAggregationStatusRequest": {
              "fields": {}
            },
            "AggregationStatus": {
              "fields": {
                "activeRuns": {
                  "type": "uint32",
                  "id": 1
                }
              }
            },
            "CollectModelRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                }
              }
            },
            "CollectedModel": {
              "oneofs": {
                "part": {
                  "oneof": [
                    "header",
                    "data"
                  ]
                }
              },
              "fields": {
                "header": {
                  "type": "CollectedModelHeader",
                  "id": 1
                },
                "data": {
                  "type": "bytes",
                  "id": 2
                }
              }
            },
            "CollectedModelHeader": {
              "fields": {
                "digest": {
                  "type": "bytes",
                  "id": 1
                },
                "parameters": {
                  "type": "uint64",
                  "id": 2
                },
                "standardisation": {
                  "type": "Standardisation",
                  "id": 3
                }
              }
            },
            "JoinRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "jobDigest": {
                  "type": "bytes",
                  "id": 2
                },
                "rows": {
                  "type": "uint64",
                  "id": 3
                },
                "runKey": {
                  "type": "bytes",
                  "id": 4
                },
                "checkpoint": {
                  "type": "bytes",
                  "id": 5
                }
              }
            },
            "Task": {
              "oneofs": {
                "what": {
                  "oneof": [
                    "statistics",
                    "train",
                    "evaluate",
                    "ended"
                  ]
                }
              },
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "round": {
                  "type": "uint32",
                  "id": 2
                },
                "statistics": {
                  "type": "StatisticsTask",
                  "id": 3
                },
                "train": {
                  "type": "TrainTask",
                  "id": 4
                },
                "evaluate": {
                  "type": "EvaluateTask",
                  "id": 5
                },
                "ended": {
                  "type": "RunEnded",
                  "id": 6
                },
                "weightUnit": {
                  "type": "uint64",
                  "id": 7
                },
                "remainingMs": {
                  "type": "uint64",
                  "id": 8
                },
                "receipts": {
                  "type": "uint32",
                  "id": 9
                },
                "runKey": {
                  "type": "bytes",
                  "id": 10
                },
                "checkpoints": {
                  "rule": "repeated",
                  "type": "bytes",
                  "id": 11
                }
              }
            },
            "StatisticsTask": {
              "fields": {}
            },
            "TrainTask": {
              "fields": {
                "modelDigest": {
                  "type": "bytes",
                  "id": 1
                },
                "standardisation": {
                  "type": "Standardisation",
                  "id": 2
                },
                "controlDigest": {
                  "type": "bytes",
                  "id": 3
                }
              }
            },
            "EvaluateTask": {
              "fields": {
                "modelDigest": {
                  "type": "bytes",
                  "id": 1
                },
                "standardisation": {
                  "type": "Standardisation",
                  "id": 2
                }
              }
            },
            "RunEnded": {
              "fields": {
                "state": {
                  "type": "RunState",
                  "id": 1
                },
                "reason": {
                  "type": "string",
                  "id": 2
                }
              }
            },
            "FetchParametersRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "modelDigest": {
                  "type": "bytes",
                  "id": 2
                },
                "offset": {
                  "type": "uint64",
                  "id": 3
                }
              }
            },
            "FetchReceiptsRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "after": {
                  "type": "uint32",
                  "id": 2
                }
              }
            },
            "SealedReceipt": {
              "fields": {
                "sealed": {
                  "type": "bytes",
                  "id": 1
                }
              }
            },
            "UpdatePart": {
              "oneofs": {
                "part": {
                  "oneof": [
                    "header",
                    "chunk"
                  ]
                }
              },
              "fields": {
                "header": {
                  "type": "UpdateHeader",
                  "id": 1
                },
                "chunk": {
                  "type": "UpdateChunk",
                  "id": 2
                }
              }
            },
            "UpdateChunk": {
              "fields": {
                "offset": {
                  "type": "uint64",
                  "id": 1
                },
                "data": {
                  "type": "bytes",
                  "id": 2
                },
                "crc32": {
                  "type": "uint32",
                  "id": 3
                }
              }
            },
            "UpdateHeader": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "round": {
                  "type": "uint32",
                  "id": 2
                },
                "digest": {
                  "type": "bytes",
                  "id": 3
                },
                "length": {
                  "type": "uint64",
                  "id": 4
                },
                "weight": {
                  "type": "uint64",
                  "id": 5
                }
              }
            },
            "UploadStatus": {
              "oneofs": {
                "status": {
                  "oneof": [
                    "admitted",
                    "progress",
                    "accepted"
                  ]
                }
              },
              "fields": {
                "admitted": {
                  "type": "UploadProgress",
                  "id": 1
                },
                "progress": {
                  "type": "UploadProgress",
                  "id": 2
                },
                "accepted": {
                  "type": "UpdateAccepted",
                  "id": 3
                }
              }
            },
            "UploadProgress": {
              "fields": {
                "offset": {
                  "type": "uint64",
                  "id": 1
                }
              }
            },
            "UpdateAccepted": {
              "fields": {
                "digest": {
                  "type": "bytes",
                  "id": 1
                },
                "round": {
                  "type": "uint32",
                  "id": 2
                }
              }
            },
            "DeclineTaskRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "round": {
                  "type": "uint32",
                  "id": 2
                },
                "code": {
                  "type": "string",
                  "id": 3
                }
              }
            },
            "DeclineTaskResponse": {
              "fields": {}
            },
            "Chunk": {
              "fields": {
                "data": {
                  "type": "bytes",
                  "id": 1
                }
              }
            },
            "RunState": {
              "values": {
                "RUN_STATE_UNSPECIFIED": 0,
                "PROPOSED": 1,
                "ACCEPTED": 2,
                "RUNNING": 3,
                "FINISHED": 4,
                "ABANDONED": 5,
                "STOPPED": 6,
                "REJECTED": 7
              }
            },
            "Metric": {
              "fields": {
                "name": {
                  "type": "string",
                  "id": 1
                },
                "value": {
                  "type": "double",
                  "id": 2
                }
              }
            },
            "PartyState": {
              "fields": {
                "party": {
                  "type": "string",
                  "id": 1
                },
                "decision": {
                  "type": "Decision",
                  "id": 2
                },
                "reasons": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 3
                },
                "activity": {
                  "type": "PartyActivity",
                  "id": 4
                }
              },
              "nested": {
                "Decision": {
                  "values": {
                    "DECISION_UNSPECIFIED": 0,
                    "UNDECIDED": 1,
                    "ACCEPTED_RUN": 2,
                    "DECLINED_RUN": 3
                  }
                }
              }
            },
            "PartyActivity": {
              "values": {
                "PARTY_ACTIVITY_UNSPECIFIED": 0,
                "ABSENT": 1,
                "JOINED": 2,
                "WORKING": 3,
                "DELIVERED": 4,
                "LATE": 5,
                "GONE": 6,
                "REFUSED": 7
              }
            },
            "Run": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "name": {
                  "type": "string",
                  "id": 2
                },
                "specJson": {
                  "type": "bytes",
                  "id": 3
                },
                "jobDigest": {
                  "type": "bytes",
                  "id": 4
                },
                "state": {
                  "type": "RunState",
                  "id": 5
                },
                "reason": {
                  "type": "string",
                  "id": 6
                },
                "submittedBy": {
                  "type": "string",
                  "id": 7
                },
                "createdMs": {
                  "type": "uint64",
                  "id": 8
                },
                "endedMs": {
                  "type": "uint64",
                  "id": 9
                },
                "round": {
                  "type": "uint32",
                  "id": 10
                },
                "rounds": {
                  "type": "uint32",
                  "id": 11
                },
                "parties": {
                  "rule": "repeated",
                  "type": "PartyState",
                  "id": 12
                },
                "metrics": {
                  "rule": "repeated",
                  "type": "Metric",
                  "id": 13
                },
                "metricsModel": {
                  "type": "uint32",
                  "id": 14
                },
                "modelId": {
                  "type": "string",
                  "id": 15
                },
                "tee": {
                  "type": "string",
                  "id": 16
                }
              }
            },
            "TaskKind": {
              "values": {
                "TASK_KIND_UNSPECIFIED": 0,
                "STATISTICS": 1,
                "TRAIN": 2,
                "EVALUATE": 3
              }
            },
            "RunEvent": {
              "oneofs": {
                "what": {
                  "oneof": [
                    "stateChanged",
                    "partyChanged",
                    "roundOpened",
                    "roundClosed",
                    "attested"
                  ]
                }
              },
              "fields": {
                "sequence": {
                  "type": "uint64",
                  "id": 1
                },
                "atMs": {
                  "type": "uint64",
                  "id": 2
                },
                "stateChanged": {
                  "type": "StateChanged",
                  "id": 3
                },
                "partyChanged": {
                  "type": "PartyChanged",
                  "id": 4
                },
                "roundOpened": {
                  "type": "RoundOpened",
                  "id": 5
                },
                "roundClosed": {
                  "type": "RoundClosed",
                  "id": 6
                },
                "attested": {
                  "type": "Attested",
                  "id": 7
                }
              }
            },
            "Attested": {
              "fields": {
                "tee": {
                  "type": "string",
                  "id": 1
                },
                "epoch": {
                  "type": "string",
                  "id": 2
                },
                "receiptKey": {
                  "type": "string",
                  "id": 3
                },
                "evidence": {
                  "type": "Evidence",
                  "id": 4
                }
              }
            },
            "Evidence": {
              "fields": {
                "quote": {
                  "type": "bytes",
                  "id": 1
                },
                "eventLog": {
                  "type": "bytes",
                  "id": 2
                },
                "statement": {
                  "type": "bytes",
                  "id": 3
                }
              }
            },
            "StateChanged": {
              "fields": {
                "state": {
                  "type": "RunState",
                  "id": 1
                },
                "reason": {
                  "type": "string",
                  "id": 2
                }
              }
            },
            "PartyChanged": {
              "fields": {
                "party": {
                  "type": "string",
                  "id": 1
                },
                "activity": {
                  "type": "PartyActivity",
                  "id": 2
                },
                "round": {
                  "type": "uint32",
                  "id": 3
                },
                "detail": {
                  "type": "string",
                  "id": 4
                }
              }
            },
            "RoundOpened": {
              "fields": {
                "round": {
                  "type": "uint32",
                  "id": 1
                },
                "kind": {
                  "type": "TaskKind",
                  "id": 2
                },
                "cohort": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 3
                },
                "deadlineMs": {
                  "type": "uint64",
                  "id": 4
                }
              }
            },
            "RoundClosed": {
              "fields": {
                "round": {
                  "type": "uint32",
                  "id": 1
                },
                "kind": {
                  "type": "TaskKind",
                  "id": 2
                },
                "contributors": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 3
                },
                "missing": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 4
                },
                "metrics": {
                  "rule": "repeated",
                  "type": "Metric",
                  "id": 5
                },
                "trainingLoss": {
                  "type": "double",
                  "id": 6
                },
                "modelDigest": {
                  "type": "bytes",
                  "id": 7
                },
                "gatherMs": {
                  "type": "uint32",
                  "id": 8
                },
                "sumMs": {
                  "type": "uint32",
                  "id": 9
                },
                "stepMs": {
                  "type": "uint32",
                  "id": 10
                },
                "receipt": {
                  "type": "bytes",
                  "id": 11
                }
              }
            },
            "ModelVersion": {
              "fields": {
                "modelId": {
                  "type": "string",
                  "id": 1
                },
                "runId": {
                  "type": "string",
                  "id": 2
                },
                "name": {
                  "type": "string",
                  "id": 3
                },
                "jobDigest": {
                  "type": "bytes",
                  "id": 4
                },
                "digest": {
                  "type": "bytes",
                  "id": 5
                },
                "createdMs": {
                  "type": "uint64",
                  "id": 6
                },
                "rounds": {
                  "type": "uint32",
                  "id": 7
                },
                "parameters": {
                  "type": "uint64",
                  "id": 8
                },
                "metrics": {
                  "rule": "repeated",
                  "type": "Metric",
                  "id": 9
                },
                "specJson": {
                  "type": "bytes",
                  "id": 10
                },
                "standardisation": {
                  "type": "Standardisation",
                  "id": 11
                },
                "parties": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 12
                },
                "tee": {
                  "type": "string",
                  "id": 13
                }
              }
            },
            "Standardisation": {
              "fields": {
                "mean": {
                  "rule": "repeated",
                  "type": "double",
                  "id": 1
                },
                "deviation": {
                  "rule": "repeated",
                  "type": "double",
                  "id": 2
                }
              }
            },
            "AttestationAnswer": {
              "fields": {
                "quote": {
                  "type": "bytes",
                  "id": 1
                },
                "eventLog": {
                  "type": "bytes",
                  "id": 2
                },
                "statement": {
                  "type": "bytes",
                  "id": 3
                },
                "nonce": {
                  "type": "bytes",
                  "id": 4
                },
                "clientKey": {
                  "type": "bytes",
                  "id": 5
                },
                "exporterDigest": {
                  "type": "bytes",
                  "id": 6
                },
                "signature": {
                  "type": "bytes",
                  "id": 7
                }
              }
            },
            "RunService": {
              "methods": {
                "SubmitRun": {
                  "requestType": "SubmitRunRequest",
                  "responseType": "Run",
                  "comment": ""
                },
                "ListRuns": {
                  "requestType": "ListRunsRequest",
                  "responseType": "ListRunsResponse",
                  "comment": ""
                },
                "GetRun": {
                  "requestType": "GetRunRequest",
                  "responseType": "Run",
                  "comment": ""
                },
                "WatchRun": {
                  "requestType": "WatchRunRequest",
                  "responseType": "RunEvent",
                  "responseStream": true,
                  "comment": ""
                },
                "StopRun": {
                  "requestType": "StopRunRequest",
                  "responseType": "Run",
                  "comment": ""
                },
                "ListModels": {
                  "requestType": "ListModelsRequest",
                  "responseType": "ListModelsResponse",
                  "comment": ""
                },
                "GetModel": {
                  "requestType": "GetModelRequest",
                  "responseType": "ModelVersion",
                  "comment": ""
                },
                "DownloadModel": {
                  "requestType": "GetModelRequest",
                  "responseType": "Chunk",
                  "responseStream": true,
                  "comment": ""
                },
                "GetStatus": {
                  "requestType": "GetStatusRequest",
                  "responseType": "CoordinatorStatus",
                  "comment": ""
                },
                "GetCheckpoint": {
                  "requestType": "GetCheckpointRequest",
                  "responseType": "LedgerCheckpoint",
                  "comment": ""
                },
                "ProveInclusion": {
                  "requestType": "ProveInclusionRequest",
                  "responseType": "InclusionProof",
                  "comment": ""
                },
                "ReadLeaves": {
                  "requestType": "ReadLeavesRequest",
                  "responseType": "LedgerLeaf",
                  "responseStream": true,
                  "comment": ""
                }
              }
            },
            "PartyService": {
              "methods": {
                "Attend": {
                  "requestType": "AttendRequest",
                  "responseType": "Assignment",
                  "responseStream": true,
                  "comment": ""
                },
                "Decide": {
                  "requestType": "DecideRequest",
                  "responseType": "DecideResponse",
                  "comment": ""
                },
                "GetCheckpoint": {
                  "requestType": "GetCheckpointRequest",
                  "responseType": "LedgerCheckpoint",
                  "comment": ""
                },
                "ProveInclusion": {
                  "requestType": "ProveInclusionRequest",
                  "responseType": "InclusionProof",
                  "comment": ""
                }
              }
            },
            "SubmitRunRequest": {
              "fields": {
                "specJson": {
                  "type": "bytes",
                  "id": 1
                }
              }
            },
            "ListRunsRequest": {
              "fields": {
                "limit": {
                  "type": "uint32",
                  "id": 1
                }
              }
            },
            "ListRunsResponse": {
              "fields": {
                "runs": {
                  "rule": "repeated",
                  "type": "Run",
                  "id": 1
                }
              }
            },
            "GetRunRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                }
              }
            },
            "WatchRunRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "afterSequence": {
                  "type": "uint64",
                  "id": 2
                }
              }
            },
            "StopRunRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "reason": {
                  "type": "string",
                  "id": 2
                }
              }
            },
            "ListModelsRequest": {
              "fields": {
                "limit": {
                  "type": "uint32",
                  "id": 1
                }
              }
            },
            "ListModelsResponse": {
              "fields": {
                "models": {
                  "rule": "repeated",
                  "type": "ModelVersion",
                  "id": 1
                }
              }
            },
            "GetModelRequest": {
              "fields": {
                "modelId": {
                  "type": "string",
                  "id": 1
                }
              }
            },
            "GetStatusRequest": {
              "fields": {}
            },
            "CoordinatorStatus": {
              "fields": {
                "version": {
                  "type": "string",
                  "id": 1
                },
                "federation": {
                  "type": "string",
                  "id": 2
                },
                "connectedParties": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 3
                },
                "aggregatorReachable": {
                  "type": "bool",
                  "id": 4
                },
                "aggregatorDetail": {
                  "type": "string",
                  "id": 5
                },
                "store": {
                  "type": "string",
                  "id": 6
                },
                "timeMs": {
                  "type": "uint64",
                  "id": 7
                }
              }
            },
            "GetCheckpointRequest": {
              "fields": {
                "size": {
                  "type": "uint64",
                  "id": 1
                }
              }
            },
            "LedgerCheckpoint": {
              "fields": {
                "checkpoint": {
                  "type": "bytes",
                  "id": 1
                },
                "consistency": {
                  "rule": "repeated",
                  "type": "bytes",
                  "id": 2
                }
              }
            },
            "ProveInclusionRequest": {
              "fields": {
                "leafHash": {
                  "type": "bytes",
                  "id": 1
                },
                "size": {
                  "type": "uint64",
                  "id": 2
                }
              }
            },
            "InclusionProof": {
              "fields": {
                "index": {
                  "type": "uint64",
                  "id": 1
                },
                "path": {
                  "rule": "repeated",
                  "type": "bytes",
                  "id": 2
                }
              }
            },
            "ReadLeavesRequest": {
              "fields": {
                "from": {
                  "type": "uint64",
                  "id": 1
                },
                "count": {
                  "type": "uint32",
                  "id": 2
                }
              }
            },
            "LedgerLeaf": {
              "fields": {
                "leaf": {
                  "type": "bytes",
                  "id": 1
                }
              }
            },
            "AttendRequest": {
              "fields": {
                "agentVersion": {
                  "type": "string",
                  "id": 1
                }
              }
            },
            "Assignment": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "phase": {
                  "type": "Phase",
                  "id": 2
                },
                "specJson": {
                  "type": "bytes",
                  "id": 3
                },
                "detail": {
                  "type": "string",
                  "id": 4
                }
              },
              "nested": {
                "Phase": {
                  "values": {
                    "PHASE_UNSPECIFIED": 0,
                    "DECIDE": 1,
                    "JOIN": 2,
                    "ENDED": 3
                  }
                }
              }
            },
            "DecideRequest": {
              "fields": {
                "runId": {
                  "type": "string",
                  "id": 1
                },
                "jobDigest": {
                  "type": "bytes",
                  "id": 2
                },
                "accepted": {
                  "type": "bool",
                  "id": 3
                },
                "reasons": {
                  "rule": "repeated",
                  "type": "string",
                  "id": 4
                }
              }
            },
            "DecideResponse": {
              "fields": {}
            }
          }
        }
      }
    }
  }
}
