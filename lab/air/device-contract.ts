/** What passes between the radio side of an emulated device and its application; no radio concepts beyond APS. */

/** One application frame, as the APS layer hands it to an endpoint. */
export interface ApsData {
  srcEndpoint: number;
  dstEndpoint: number;
  profileId: number;
  clusterId: number;
  payload: Buffer;
}

export interface SimpleDescriptor {
  endpoint: number;
  profileId: number;
  deviceId: number;
  deviceVersion: number;
  inClusters: number[];
  outClusters: number[];
}

/** A pure application layer: no radio, no timers of its own, no I/O. `now` is milliseconds of any monotonic clock. */
export interface DeviceApplication {
  readonly kind: "router" | "sleepy-end-device";
  readonly modelId: string;
  readonly manufacturerName: string;
  readonly manufacturerCode: number;
  readonly endpoints: readonly SimpleDescriptor[];
  /** An APS frame for this device arrived; returns what it sends back, in order. */
  receive(frame: ApsData, now: number): ApsData[];
  /** Called now and then by the radio; returns spontaneous reports that are due. */
  due(now: number): ApsData[];
  /** A binding towards the coordinator was made by ZDO bind. */
  bind(clusterId: number, srcEndpoint: number): void;
  unbind(clusterId: number, srcEndpoint: number): void;
}
