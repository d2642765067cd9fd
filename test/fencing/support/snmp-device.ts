import { createSocket } from "node:dgram";
import snmp from "net-snmp";

export interface SnmpDevice {
  readonly port: number;
  /** The integer under an OID, as the device has it. */
  readonly get: (oid: string) => number | undefined;
  readonly put: (oid: string, value: number) => void;
  /** Takes every SET and obeys none. */
  readonly stick: () => void;
  /** The OIDs that were written, in their order. */
  readonly sets: string[];
  readonly close: () => void;
}

export interface SnmpDeviceOptions {
  /** Integers by OID: columns of tables with one or two indices. */
  readonly values: Readonly<Record<string, number>>;
  /** How many of an OID's last numbers are its index. Default 1. */
  readonly indices?: number;
  /** What a SET does beside storing: a command object that changes a status object, or a relay that clicks. */
  readonly effects?: (oid: string, value: number) => Readonly<Record<string, number>>;
  readonly communities?: Readonly<Record<string, "read" | "write">>;
  readonly user?: snmp.User;
  /** Default 127.0.0.1. */
  readonly address?: string;
}

/** A PDU or switch: net-snmp's own agent with integers that can be read and written. */
export async function snmpDevice(options: SnmpDeviceOptions): Promise<SnmpDevice> {
  const address = options.address ?? "127.0.0.1";
  const port = await freeUdpPort(address);
  const values = new Map(Object.entries(options.values));
  const sets: string[] = [];
  let stuck = false;
  const agent = snmp.createAgent(
    { port, address, accessControlModelType: snmp.AccessControlModelType.Simple },
    () => undefined,
  );
  admit(agent, options);
  const handler = (request: MibRequest) => {
    const { oid } = request;
    if (request.operation !== snmp.PduType.SetRequest) request.instanceNode.value = values.get(oid) ?? 0;
    else {
      sets.push(oid);
      if (stuck) request.setValue = values.get(oid) ?? 0;
      else values.set(oid, request.setValue);
      const effects = stuck ? {} : (options.effects?.(oid, request.setValue) ?? {});
      for (const [other, value] of Object.entries(effects)) values.set(other, value);
    }
    request.done();
  };
  for (const [oid, value] of values) addCell(agent.getMib(), oid, value, options.indices ?? 1, handler);
  return {
    port,
    sets,
    get: (oid) => values.get(oid),
    put: (oid, value) => void values.set(oid, value),
    stick: () => void (stuck = true),
    close: () => agent.close(),
  };
}

interface MibRequest {
  readonly operation: number;
  readonly oid: string;
  setValue: number;
  readonly instanceNode: { value: number };
  done(): void;
}

function admit(agent: ReturnType<typeof snmp.createAgent>, { communities = {}, user }: SnmpDeviceOptions): void {
  const authorizer = agent.getAuthorizer();
  const access = authorizer.getAccessControlModel();
  for (const [community, right] of Object.entries(communities)) {
    authorizer.addCommunity(community);
    access.setCommunityAccess(community, right === "write" ? snmp.AccessLevel.ReadWrite : snmp.AccessLevel.ReadOnly);
  }
  if (!user) return;
  authorizer.addUser(user);
  access.setUserAccess(user.name, snmp.AccessLevel.ReadWrite);
}

/** One cell as a table of its own: `ENTRY.COLUMN.INDEX…`. */
function addCell(
  mib: ReturnType<typeof snmp.createMib>,
  oid: string,
  value: number,
  indices: number,
  handler: (request: MibRequest) => void,
): void {
  const numbers = oid.split(".");
  const index = numbers.slice(-indices).map(Number);
  const column = Number(numbers.at(-indices - 1));
  const keys = index.map((_number, position) => ({
    number: 1_000 + position,
    name: `index${position}`,
    type: snmp.ObjectType.Integer,
    maxAccess: snmp.MaxAccess["not-accessible"],
  }));
  const cell = {
    number: column,
    name: "value",
    type: snmp.ObjectType.Integer,
    maxAccess: snmp.MaxAccess["read-write"],
  };
  mib.registerProvider({
    name: oid,
    type: snmp.MibProviderType.Table,
    oid: numbers.slice(0, -indices - 1).join("."),
    maxAccess: snmp.MaxAccess["not-accessible"],
    tableColumns: [...keys, cell],
    tableIndex: keys.map(({ name }) => ({ columnName: name })),
    handler,
  });
  mib.addTableRow(oid, [...index, value]);
}

async function freeUdpPort(address: string): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
