import { Zcl, Zdo, setLogger, type Models } from "zigbee-herdsman";
import { setLogger as setConvertersLogger } from "zigbee-herdsman-converters";
import herdsmanModel from "zigbee-herdsman/dist/controller/model/index.js";
import type { ApsData } from "../../../lab/air/device-contract.ts";
import type { EmulatedDevice } from "../../../lab/devices/index.ts";

const COORDINATOR = "0x00124b0000000001";

const silent = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };

/**
 * Zigbee-herdsman's own model of a device, wired to an emulated one without a radio between them: its interview and the
 * converters' `configure` run unchanged, and every answer that is not a success is kept in `refusals`.
 */
export class HerdsmanLink {
  readonly device: Models.Device;
  readonly coordinatorEndpoint: Models.Endpoint;
  readonly refusals: string[] = [];
  readonly #app: EmulatedDevice;

  constructor(app: EmulatedDevice) {
    this.#app = app;
    setLogger(silent);
    setConvertersLogger(silent);
    const { Device, Entity } = herdsmanModel;
    Device.resetCache();
    Entity.injectDatabase(emptyDatabase() as never);
    Entity.injectAdapter(this as never);
    const coordinator = Device.create(
      "Coordinator",
      COORDINATOR,
      0,
      0,
      "",
      undefined,
      "",
      "SUCCESSFUL" as never,
      undefined,
    );
    this.coordinatorEndpoint = coordinator.createEndpoint(1);
    this.device = Device.create(
      "Unknown",
      "0x00124b0000000002",
      0x1234,
      undefined,
      undefined,
      undefined,
      undefined,
      "PENDING" as never,
      undefined,
    );
  }

  // From here on: the part of zigbee-herdsman's adapter that an interview uses.

  readonly hasZdoMessageOverhead = false;

  async sendZdo(_ieee: string, _network: number, clusterId: number, payload: Buffer): Promise<unknown> {
    const [descriptor] = this.#app.endpoints;
    const answers: Readonly<Record<number, () => unknown>> = {
      [Zdo.ClusterId.NODE_DESCRIPTOR_REQUEST]: () => ({
        manufacturerCode: this.#app.manufacturerCode,
        logicalType: this.#app.kind === "router" ? 1 : 2,
        serverMask: { stackComplianceRevision: 22 },
      }),
      [Zdo.ClusterId.ACTIVE_ENDPOINTS_REQUEST]: () => ({ endpointList: [descriptor?.endpoint] }),
      [Zdo.ClusterId.SIMPLE_DESCRIPTOR_REQUEST]: () => ({
        ...descriptor,
        inClusterList: descriptor?.inClusters,
        outClusterList: descriptor?.outClusters,
      }),
      // Source address (8 bytes), source endpoint (1), cluster (2) …: Zigbee specification, section 2.4.3.2.2.
      [Zdo.ClusterId.BIND_REQUEST]: () => this.#app.bind(payload.readUInt16LE(9), payload.readUInt8(8)),
    };
    const answer = answers[clusterId];
    if (!answer) throw new Error(`ZDO request ${clusterId} was not expected`);
    return [Zdo.Status.SUCCESS, answer()];
  }

  async sendZclFrameToEndpoint(
    _ieee: string,
    _network: number,
    endpoint: number,
    frame: Zcl.Frame,
    _timeout: number,
    disableResponse: boolean,
  ): Promise<unknown> {
    const request: ApsData = {
      srcEndpoint: 1,
      dstEndpoint: endpoint,
      profileId: 0x0104,
      clusterId: frame.cluster.ID,
      payload: frame.toBuffer(),
    };
    const answers = this.#app
      .receive(request, 0)
      .map((data) => ({ data, header: Zcl.Header.fromBuffer(data.payload) }));
    const answer = answers.find(
      ({ header }) => header?.transactionSequenceNumber === frame.header.transactionSequenceNumber,
    );
    if (answer?.header)
      this.#take(frame, Zcl.Frame.fromBuffer(answer.data.clusterId, answer.header, answer.data.payload, {}));
    if (disableResponse) return undefined;
    if (!answer) throw new Error(`no answer to ${frame.cluster.name}.${frame.command.name}`);
    return { clusterID: answer.data.clusterId, header: answer.header, data: answer.data.payload };
  }

  /** Keeps what was refused, and stores what was read where zigbee-herdsman's controller would. */
  #take(request: Zcl.Frame, { payload, command, cluster }: Zcl.Frame): void {
    const records: AnswerRecord[] = Array.isArray(payload) ? payload : [payload];
    for (const { status, statusCode, attrId, attrData } of records) {
      const code = status ?? statusCode ?? 0;
      if (code !== 0) {
        this.refusals.push(
          `${request.cluster.name}.${request.command.name} ${attrId}: ${command.name} ${Zcl.Status[code]}`,
        );
      } else if (attrId !== undefined && attrData !== undefined) {
        const name = Zcl.Utils.getClusterAttribute(cluster, attrId, undefined)?.name ?? attrId;
        this.device.getEndpoint(1)?.saveClusterAttributeKeyValue(cluster.name, { [name]: attrData });
      }
    }
  }
}

interface AnswerRecord {
  readonly status?: number;
  readonly statusCode?: number;
  readonly attrId?: number;
  readonly attrData?: unknown;
}

function emptyDatabase(): object {
  let id = 0;
  return {
    newID: () => ++id,
    insert: () => {},
    update: () => {},
    has: () => true,
    getEntriesIterator: () => [],
  };
}
