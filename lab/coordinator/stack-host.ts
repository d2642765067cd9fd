import type { ApsData } from "../air/device-contract.ts";

/** What the stack tells its host of its own accord. */
export interface StackEvents {
  /** A device was let in. */
  deviceAuthorized(address: number, ieee: string): void;
  /** A frame for the device object: a response to a request, or an announcement. */
  zdo(source: number, cluster: number, body: Buffer): void;
  /** A frame for a registered endpoint. */
  data(source: number, data: ApsData, broadcast: boolean): void;
  deviceLeft(address: number, ieee: string, rejoin: boolean): void;
}

export interface OutgoingData extends ApsData {
  /** Short address, broadcast address, or group with `group`. */
  readonly destination: number;
  readonly group?: number;
}
