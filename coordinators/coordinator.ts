import type { NvramImage } from "./nvram-image.ts";

export interface SilenceProof {
  /** A SYS_RESET_IND came after our SYS_RESET_REQ. */
  readonly resetSeen: true;
  /** UTIL_GET_DEVICE_INFO's device state after the reset; never 9 (started as coordinator). */
  readonly deviceState: number;
}

/** Access to one Zigbee coordinator while no service uses it. Nothing here ever starts its stack. */
export interface Coordinator {
  /** The whole NVRAM. Rejects COORDINATOR_MISSING, COORDINATOR_BUSY, COORDINATOR_UNREADABLE, COORDINATOR_TOOL_MISSING. */
  dump(signal?: AbortSignal): Promise<NvramImage>;
  /** Clears it (network gone, hardware address back), then writes the image, and leaves the stack stopped. */
  replace(image: NvramImage, signal?: AbortSignal): Promise<void>;
  /** Writes only the items given, leaving all others. */
  write(partial: NvramImage, signal?: AbortSignal): Promise<void>;
  /** Stops the radio by SYS_RESET_REQ (never by clearing) and proves it. */
  silence(signal?: AbortSignal): Promise<SilenceProof>;
}
