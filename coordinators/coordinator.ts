import type { ImageDifference } from "./image-diff.ts";
import type { ItemNames } from "./item-names.ts";
import type { NvramImage } from "./nvram-image.ts";
import type { Beacon } from "./scan.ts";

export interface SilenceProof {
  /** A SYS_RESET_IND came after our SYS_RESET_REQ. */
  readonly resetSeen: true;
  /** UTIL_GET_DEVICE_INFO's device state after the reset; never 9 (started as coordinator). */
  readonly deviceState: number;
}

/** Access to one Zigbee coordinator while no service uses it. Nothing here starts its stack with the network that it holds. */
export interface Coordinator {
  /** The whole NVRAM. Rejects COORDINATOR_MISSING, COORDINATOR_BUSY, COORDINATOR_UNREADABLE, COORDINATOR_TOOL_MISSING. */
  dump(signal?: AbortSignal): Promise<NvramImage>;
  /** Those of the named items that exist. Rejects as `dump`. */
  read(names: ItemNames, signal?: AbortSignal): Promise<NvramImage>;
  /** How what it holds differs from an image's items; others are not looked at. Rejects as `dump`. */
  compare(partial: NvramImage, signal?: AbortSignal): Promise<readonly ImageDifference[]>;
  /** Clears it (network gone, hardware address back), then writes the image, and leaves the stack stopped. */
  replace(image: NvramImage, signal?: AbortSignal): Promise<void>;
  /** Writes only the items given, leaving all others. */
  write(partial: NvramImage, signal?: AbortSignal): Promise<void>;
  /**
   * Makes the network of an Open Coordinator Backup (four-digit addresses, see restorableBackup) this coordinator's, whatever it
   * held, and resolves with its NVRAM as read afterwards; the stack is left stopped. On the way zigpy-znp forms a network of random
   * PAN, extended PAN ID and key, under the stick's hardware address, which is on the air for a second or two: never the backup's.
   */
  restore(backup: string, signal?: AbortSignal): Promise<NvramImage>;
  /** The network it holds as an Open Coordinator Backup: a secret. Rejects as `dump`, also where it holds none. */
  backup(signal?: AbortSignal): Promise<string>;
  /** Stops the radio by SYS_RESET_REQ (never by clearing) and proves it. */
  silence(signal?: AbortSignal): Promise<SilenceProof>;
  /**
   * Asks which stations are on a channel (11 to 26), of whatever network, without starting the stack, and leaves it silent, proven
   * as by `silence`. Takes about 6 s on hardware. Rejects as `dump` and `silence` do.
   */
  listen(channel: number, signal?: AbortSignal): Promise<readonly Beacon[]>;
}
