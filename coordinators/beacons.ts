import type { Beacon } from "./scan.ts";

/** As `GenerationSummary` and `FormedNetwork` have it. */
export interface AirNetwork {
  readonly panId: number;
  /** `0x` and 16 hex digits. */
  readonly extendedPanId: string;
  /** 11 to 26. */
  readonly channel: number;
}

/** Who of our network answered a scan. */
export interface Answered {
  /** A coordinator: on the air, whatever its host does. */
  readonly coordinator: boolean;
  /** Routers, which go on answering when their coordinator is dead: they prove that this radio hears, and nothing else. */
  readonly routers: number;
}

const COORDINATOR = 0x0000;

/**
 * Who of a network answered. For a coordinator either of the network's two names is enough: a second network of our PAN ID would
 * disturb ours just as well, and a stick's own PAN ID may have changed.
 */
export function judgeBeacons(beacons: readonly Beacon[], network: AirNetwork): Answered {
  const samePan = (beacon: Beacon): boolean => beacon.panId === network.panId;
  const sameExtended = (beacon: Beacon): boolean => beacon.extendedPanId === network.extendedPanId;
  const routers = beacons.filter((beacon) => beacon.source !== COORDINATOR && samePan(beacon) && sameExtended(beacon));
  return {
    coordinator: beacons.some((beacon) => beacon.source === COORDINATOR && (samePan(beacon) || sameExtended(beacon))),
    routers: new Set(routers.map(({ source }) => source)).size,
  };
}
