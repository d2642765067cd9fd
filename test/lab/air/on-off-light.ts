import type { ApsData, DeviceApplication, SimpleDescriptor } from "../../../lab/air/device-contract.ts";

/** The least that can be switched: it obeys off, on and toggle, and answers each. */
export class OnOffLight implements DeviceApplication {
  readonly kind: DeviceApplication["kind"];
  readonly modelId = "ON-OFF";
  readonly manufacturerName = "Lab";
  readonly manufacturerCode = 0x1234;
  readonly endpoints: readonly SimpleDescriptor[] = [
    { endpoint: 1, profileId: 0x0104, deviceId: 0x0100, deviceVersion: 1, inClusters: [0, 6], outClusters: [] },
  ];
  readonly bindings = new Set<string>();
  readonly reports: ApsData[] = [];
  on = false;

  constructor(kind: DeviceApplication["kind"] = "router") {
    this.kind = kind;
  }

  receive(frame: ApsData): ApsData[] {
    const [, sequence = 0, command = 0] = frame.payload;
    this.on = command === 2 ? !this.on : command === 1;
    const { srcEndpoint, dstEndpoint, profileId, clusterId } = frame;
    const payload = Buffer.from([0x18, sequence, 0x0b, command, 0]);
    return [{ srcEndpoint: dstEndpoint, dstEndpoint: srcEndpoint, profileId, clusterId, payload }];
  }

  due(): ApsData[] {
    return this.reports.splice(0);
  }

  bind(clusterId: number, srcEndpoint: number): void {
    this.bindings.add(`${srcEndpoint}/${clusterId}`);
  }

  unbind(clusterId: number, srcEndpoint: number): void {
    this.bindings.delete(`${srcEndpoint}/${clusterId}`);
  }
}
