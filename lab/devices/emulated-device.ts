import { Zcl } from "zigbee-herdsman";
import type { ApsData, DeviceApplication, SimpleDescriptor } from "../air/device-contract.ts";
import { AttributeStore, type AttributeValue, type AttributeValues } from "./attribute-store.ts";
import type { CommandContext, Scene } from "./cluster-commands.ts";
import { clusterCommands } from "./clusters/index.ts";
import { passIdentifyTime } from "./clusters/identify.ts";
import { updateSceneCount } from "./clusters/scenes.ts";
import { BROADCAST_ENDPOINT, buildReply, buildReport, parseFrame, parseHeader, status, type Reply } from "./frames.ts";
import { handleGlobalCommand } from "./global-commands.ts";
import type { DeviceModel, DeviceState, DeviceType, Memory } from "./model.ts";
import { ReportingTable, type StoredRule } from "./reporting.ts";

/** A device as it is written to a file: all that survives a power loss, and nothing of the radio. */
export interface StoredDevice {
  readonly type: DeviceType;
  readonly attributes: AttributeValues;
  readonly memory: Readonly<Memory>;
  /** Ids of the clusters that are bound to the coordinator. */
  readonly bindings: readonly number[];
  readonly reporting: readonly StoredRule[];
  readonly groups: readonly (readonly [number, string])[];
  readonly scenes: readonly Scene[];
  /** Sequence number of the last report, 0-255. */
  readonly sequence: number;
}

/**
 * The application layer of one device with one endpoint: it obeys commands, answers reads and writes, and reports what
 * was bound and configured. It has no clock: `now` is in milliseconds of any monotonic clock, the same for all calls.
 */
export class EmulatedDevice implements DeviceApplication {
  readonly kind: DeviceApplication["kind"];
  readonly modelId: string;
  readonly manufacturerName: string;
  readonly manufacturerCode: number;
  readonly endpoints: readonly SimpleDescriptor[];

  readonly #model: DeviceModel;
  readonly #attributes: AttributeStore;
  readonly #memory: Memory;
  readonly #reporting: ReportingTable;
  readonly #bindings: Set<number>;
  readonly #groups: Map<number, string>;
  readonly #scenes: Map<string, Scene>;
  #sequence: number;
  #lastNow: number | undefined;

  /** Makes a device of this model as it leaves the factory, or as it was stored. */
  constructor(model: DeviceModel, stored?: StoredDevice) {
    this.kind = model.kind;
    this.modelId = model.modelId;
    this.manufacturerName = model.manufacturerName;
    this.manufacturerCode = model.manufacturerCode;
    this.endpoints = [model.descriptor];
    this.#model = model;
    this.#attributes = new AttributeStore(stored?.attributes ?? model.attributes);
    this.#memory = { ...(stored?.memory ?? model.memory) };
    this.#reporting = new ReportingTable(stored?.reporting);
    this.#bindings = new Set(stored?.bindings);
    this.#groups = new Map(stored?.groups);
    this.#scenes = new Map(stored?.scenes.map((scene) => [`${scene.groupId}/${scene.sceneId}`, scene]));
    this.#sequence = stored?.sequence ?? 0;
  }

  receive(frame: ApsData, now: number): ApsData[] {
    if (frame.dstEndpoint !== this.#endpoint && frame.dstEndpoint !== BROADCAST_ENDPOINT) return [];
    const header = parseHeader(frame.payload);
    if (!header || header.frameControl.direction !== Zcl.Direction.CLIENT_TO_SERVER) return [];
    this.#advanceTo(now);
    const reply = this.#handle(frame, header, now);
    this.#model.advance(this.#attributes, 0, this.#memory);
    return [...buildReply(frame, header, reply, this.#endpoint), ...this.#takeReports(now)];
  }

  due(now: number): ApsData[] {
    this.#advanceTo(now);
    return this.#takeReports(now);
  }

  bind(clusterId: number, srcEndpoint: number): void {
    if (srcEndpoint === this.#endpoint) this.#bindings.add(clusterId);
  }

  unbind(clusterId: number, srcEndpoint: number): void {
    if (srcEndpoint === this.#endpoint) this.#bindings.delete(clusterId);
  }

  /** Whether a message to this group concerns the device. */
  isInGroup(groupId: number): boolean {
    return this.#groups.has(groupId);
  }

  /** What a person would see, in Zigbee2MQTT's names and units, for example `{ state: "ON", brightness: 254 }`. */
  state(): DeviceState {
    return this.#model.describe(this.#attributes);
  }

  /**
   * Changes an attribute from inside the device, as a hand on its button or the weather would; reported like any other
   * change at the next `due`. Names are zigbee-herdsman's. Throws if the device has no such attribute.
   */
  change(cluster: string, attribute: string, value: AttributeValue): void {
    this.#attributes.set(cluster, attribute, value);
  }

  /** Sets a number of the model's surroundings, for example `loadWatts` of the plug or `measureEveryMs` of the sensor. */
  surround(values: Readonly<Memory>): void {
    Object.assign(this.#memory, values);
  }

  /** Forgets bindings, reporting, groups and scenes. For a device that has left its network. */
  resetToFactory(): void {
    this.#bindings.clear();
    this.#reporting.clear();
    this.#groups.clear();
    this.#scenes.clear();
    updateSceneCount({ scenes: this.#scenes, attributes: this.#attributes });
  }

  toJSON(): StoredDevice {
    return {
      type: this.#model.type,
      attributes: this.#attributes.toJSON(),
      memory: { ...this.#memory },
      bindings: [...this.#bindings],
      reporting: this.#reporting.toJSON(),
      groups: [...this.#groups],
      scenes: [...this.#scenes.values()],
      sequence: this.#sequence,
    };
  }

  get #endpoint(): number {
    return this.#model.descriptor.endpoint;
  }

  #handle(frame: ApsData, header: Zcl.Header, now: number): Reply {
    if (!this.#attributes.hasCluster(frame.clusterId)) return status(Zcl.Status.UNSUPPORTED_CLUSTER);
    const parsed = parseFrame(frame.clusterId, header, frame.payload);
    if (typeof parsed === "number") return status(parsed);
    if (header.isGlobal) {
      const { clusterId } = frame;
      return handleGlobalCommand(parsed, { clusterId, attributes: this.#attributes, reporting: this.#reporting, now });
    }
    const handler = clusterCommands[parsed.cluster.name]?.[parsed.command.name];
    if (!handler || header.manufacturerCode !== undefined) return status(Zcl.Status.UNSUP_COMMAND);
    return handler(parsed.payload as never, this.#commandContext());
  }

  #commandContext(): CommandContext {
    return {
      attributes: this.#attributes,
      groups: this.#groups,
      scenes: this.#scenes,
      resetToFactory: () => this.resetToFactory(),
    };
  }

  #advanceTo(now: number): void {
    const elapsedMs = Math.max(0, now - (this.#lastNow ?? now));
    this.#lastNow = now;
    this.#memory.identifyMs = passIdentifyTime(this.#attributes, elapsedMs + (this.#memory.identifyMs ?? 0));
    this.#model.advance(this.#attributes, elapsedMs, this.#memory);
  }

  #takeReports(now: number): ApsData[] {
    const due = this.#reporting.takeDue(this.#attributes, (clusterId) => this.#bindings.has(clusterId), now);
    return [...due].map(([clusterId, attributes]) => {
      this.#sequence = (this.#sequence + 1) & 0xff;
      return buildReport(clusterId, attributes, this.#sequence, this.#endpoint);
    });
  }
}
