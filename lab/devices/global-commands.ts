import { Zcl } from "zigbee-herdsman";
import type { AttributeStore, AttributeValue } from "./attribute-store.ts";
import { status, type Reply } from "./frames.ts";
import type { ReportingTable } from "./reporting.ts";

export interface GlobalContext {
  readonly clusterId: number;
  readonly attributes: AttributeStore;
  readonly reporting: ReportingTable;
  readonly now: number;
}

interface WriteRecord {
  readonly attrId: number;
  readonly dataType: Zcl.DataType;
  readonly attrData: unknown;
}

interface ConfigureRecord {
  readonly direction: Zcl.Direction;
  readonly attrId: number;
  readonly dataType?: Zcl.DataType;
  readonly minRepIntval?: number;
  readonly maxRepIntval?: number;
  readonly repChange?: number | bigint;
}

/** Configure Reporting: a maximum of this means "never report". */
const NEVER = 0xffff;

/**
 * Answers a command that concerns attributes in general (Zigbee Cluster Library, section 2.5). These devices have no
 * manufacturer-specific attributes: a frame with a manufacturer code finds none.
 */
export function handleGlobalCommand(frame: Zcl.Frame, context: GlobalContext): Reply {
  const known = frame.header.manufacturerCode === undefined ? context : withoutAttributes(context);
  switch (frame.command.name) {
    case "read":
      return { kind: "global", command: "readRsp", payload: read(frame.payload, known) };
    case "write":
      return { kind: "global", command: "writeRsp", payload: write(frame.payload, known) };
    case "writeUndiv":
      return { kind: "global", command: "writeRsp", payload: writeUndivided(frame.payload, known) };
    case "writeNoRsp":
      write(frame.payload, known);
      return { kind: "none" };
    case "configReport":
      return { kind: "global", command: "configReportRsp", payload: configureReporting(frame.payload, known) };
    case "readReportConfig":
      return { kind: "global", command: "readReportConfigRsp", payload: readReporting(frame.payload, known) };
    case "discover":
      return { kind: "global", command: "discoverRsp", payload: discover(frame.payload, known) };
    default:
      return status(Zcl.Status.UNSUP_COMMAND);
  }
}

function withoutAttributes(context: GlobalContext): GlobalContext {
  return { ...context, clusterId: -1 };
}

function read(records: readonly { attrId: number }[], { attributes, clusterId }: GlobalContext): unknown[] {
  return records.map(({ attrId }) => {
    const attribute = attributes.find(clusterId, attrId);
    if (!attribute) return { attrId, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE };
    return { attrId, status: Zcl.Status.SUCCESS, dataType: attribute.type, attrData: attribute.value };
  });
}

function write(records: readonly WriteRecord[], context: GlobalContext): unknown[] {
  return records.map((record) => {
    const result = checkWrite(record, context);
    if (result === Zcl.Status.SUCCESS) store(record, context);
    return { status: result, attrId: record.attrId };
  });
}

/** All or nothing. */
function writeUndivided(records: readonly WriteRecord[], context: GlobalContext): unknown[] {
  const results = records.map((record) => ({ status: checkWrite(record, context), attrId: record.attrId }));
  if (results.every((result) => result.status === Zcl.Status.SUCCESS)) {
    for (const record of records) store(record, context);
  }
  return results;
}

function checkWrite(record: WriteRecord, { attributes, clusterId }: GlobalContext): Zcl.Status {
  const attribute = attributes.find(clusterId, record.attrId);
  if (!attribute) return Zcl.Status.UNSUPPORTED_ATTRIBUTE;
  if (!attribute.writable) return Zcl.Status.READ_ONLY;
  if (attribute.type !== record.dataType) return Zcl.Status.INVALID_DATA_TYPE;
  return isAllowed(clusterId, record) ? Zcl.Status.SUCCESS : Zcl.Status.INVALID_VALUE;
}

function isAllowed(clusterId: number, record: WriteRecord): boolean {
  const definition = Zcl.Utils.getClusterAttribute(Zcl.Utils.getCluster(clusterId), record.attrId, undefined);
  if (!definition) return false;
  try {
    Zcl.Utils.processAttributeWrite(definition, record.attrData);
    return true;
  } catch {
    return false;
  }
}

function store(record: WriteRecord, { attributes, clusterId }: GlobalContext): void {
  const attribute = attributes.find(clusterId, record.attrId);
  if (attribute) attribute.value = record.attrData as AttributeValue;
}

function configureReporting(records: readonly ConfigureRecord[], context: GlobalContext): unknown[] {
  return records.map((record) => ({
    status: configureOne(record, context),
    direction: record.direction,
    attrId: record.attrId,
  }));
}

function configureOne(record: ConfigureRecord, context: GlobalContext): Zcl.Status {
  const { attributes, clusterId, reporting, now } = context;
  const attribute = attributes.find(clusterId, record.attrId);
  if (!attribute) return Zcl.Status.UNSUPPORTED_ATTRIBUTE;
  // The other direction asks the device to expect reports from the coordinator; none of these devices does.
  if (record.direction !== Zcl.Direction.CLIENT_TO_SERVER) return Zcl.Status.UNREPORTABLE_ATTRIBUTE;
  if (record.dataType !== attribute.type) return Zcl.Status.INVALID_DATA_TYPE;

  const minSeconds = record.minRepIntval ?? 0;
  const maxSeconds = record.maxRepIntval ?? NEVER;
  const backToDefault = minSeconds === NEVER && maxSeconds === 0;
  if (maxSeconds === NEVER || backToDefault) {
    reporting.remove(clusterId, record.attrId);
    return Zcl.Status.SUCCESS;
  }
  if (maxSeconds !== 0 && minSeconds > maxSeconds) return Zcl.Status.INVALID_VALUE;
  const change = Number(record.repChange ?? 0);
  reporting.configure({ clusterId, attributeId: record.attrId, minSeconds, maxSeconds, change }, attribute.value, now);
  return Zcl.Status.SUCCESS;
}

function readReporting(
  records: readonly { direction: Zcl.Direction; attrId: number }[],
  { attributes, clusterId, reporting }: GlobalContext,
): unknown[] {
  return records.map(({ direction, attrId }) => {
    const attribute = attributes.find(clusterId, attrId);
    if (!attribute) return { status: Zcl.Status.UNSUPPORTED_ATTRIBUTE, direction, attrId };
    const rule = reporting.find(clusterId, attrId);
    if (!rule || direction !== Zcl.Direction.CLIENT_TO_SERVER) {
      return { status: Zcl.Status.NOT_FOUND, direction, attrId };
    }
    return {
      status: Zcl.Status.SUCCESS,
      direction,
      attrId,
      dataType: attribute.type,
      minRepIntval: rule.minSeconds,
      maxRepIntval: rule.maxSeconds,
      repChange: rule.change,
    };
  });
}

function discover(
  { startAttrId, maxAttrIds }: { startAttrId: number; maxAttrIds: number },
  { attributes, clusterId }: GlobalContext,
): unknown {
  const rest = attributes.list(clusterId).filter((attribute) => attribute.id >= startAttrId);
  const attrInfos = rest.slice(0, maxAttrIds).map(({ id, type }) => ({ attrId: id, dataType: type }));
  return { discComplete: attrInfos.length === rest.length ? 1 : 0, attrInfos };
}
