import { Zcl } from "zigbee-herdsman";

/** All attributes of these devices fit a number or a text; 64-bit types are not used. */
export type AttributeValue = number | string;

/** Values by the names that zigbee-herdsman gives clusters and attributes, for example `{ genOnOff: { onOff: 0 } }`. */
export type AttributeValues = Readonly<Record<string, Readonly<Record<string, AttributeValue>>>>;

export interface Attribute {
  readonly cluster: string;
  readonly name: string;
  readonly id: number;
  readonly type: Zcl.DataType;
  readonly writable: boolean;
  value: AttributeValue;
}

/**
 * The server attributes of one endpoint. Identifiers, types and access come from zigbee-herdsman's cluster definitions
 * (the Zigbee Cluster Library), so that a device model only has to name its attributes and their first values.
 */
export class AttributeStore {
  readonly #clusters = new Map<number, Attribute[]>();

  /** Throws if a name is none of the Zigbee Cluster Library: that is a mistake in a device model. */
  constructor(values: AttributeValues) {
    for (const [clusterName, attributes] of Object.entries(values)) {
      const cluster = Zcl.Utils.getCluster(clusterName);
      const list = Object.entries(attributes).map(([name, value]) => createAttribute(cluster, name, value));
      this.#clusters.set(
        cluster.ID,
        list.sort((a, b) => a.id - b.id),
      );
    }
  }

  hasCluster(clusterId: number): boolean {
    return this.#clusters.has(clusterId);
  }

  /** The attributes of a cluster in the order of their identifiers. */
  list(clusterId: number): readonly Attribute[] {
    return this.#clusters.get(clusterId) ?? [];
  }

  find(clusterId: number, attributeId: number): Attribute | undefined {
    return this.list(clusterId).find((attribute) => attribute.id === attributeId);
  }

  /** Throws if the device has no such attribute. */
  get(cluster: string, name: string): AttributeValue {
    return this.#named(cluster, name).value;
  }

  /** Throws if the device has no such attribute or if it is a text. */
  number(cluster: string, name: string): number {
    const value = this.get(cluster, name);
    if (typeof value !== "number") throw new TypeError(`${cluster}.${name} is not a number.`);
    return value;
  }

  /** Changes a value from inside the device; access rights concern the air only. Throws if there is no such attribute. */
  set(cluster: string, name: string, value: AttributeValue): void {
    this.#named(cluster, name).value = value;
  }

  toJSON(): AttributeValues {
    const values: Record<string, Record<string, AttributeValue>> = {};
    for (const attribute of [...this.#clusters.values()].flat()) {
      (values[attribute.cluster] ??= {})[attribute.name] = attribute.value;
    }
    return values;
  }

  #named(cluster: string, name: string): Attribute {
    const clusterId = Zcl.Utils.getCluster(cluster).ID;
    const attribute = this.list(clusterId).find((candidate) => candidate.name === name);
    if (!attribute) throw new Error(`This device has no attribute ${cluster}.${name}.`);
    return attribute;
  }
}

function createAttribute(
  cluster: ReturnType<typeof Zcl.Utils.getCluster>,
  name: string,
  value: AttributeValue,
): Attribute {
  const definition = cluster.attributes[name];
  if (!definition) throw new Error(`The Zigbee Cluster Library has no attribute ${cluster.name}.${name}.`);
  return {
    cluster: cluster.name,
    name,
    id: definition.ID,
    type: definition.type,
    writable: definition.write === true,
    value,
  };
}
