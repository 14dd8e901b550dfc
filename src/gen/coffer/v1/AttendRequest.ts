// Original file: proto/coffer/v1/coordinator.proto


export interface AttendRequest {
  'agentVersion'?: (string);
}

export interface AttendRequest__Output {
  'agentVersion': (string);
}
