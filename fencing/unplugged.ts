import type { CoordinatorConfig } from "../config/effective.ts";
import type { Host } from "../hosts/host.ts";
import { onNetwork } from "../config/proves-here.ts";

/** `$1` the port, `$2` the USB serial number (may be empty). Exits 3 where neither is there. */
const LOOK = `
[ ! -e "$1" ] || exit 0
[ -n "$2" ] || exit 3
for file in /sys/bus/usb/devices/*/serial; do
  [ -r "$file" ] && [ "$(cat "$file")" = "$2" ] && exit 0
done
exit 3`;

/**
 * Whether the node's stick has gone from its USB bus. That makes it likely to be off the air, as it lives on the bus's power; it
 * is no proof, since a port may lose a device that it still powers. Never rejects: what cannot be told is no.
 */
export async function isUnplugged(host: Host, coordinator: CoordinatorConfig, signal: AbortSignal): Promise<boolean> {
  if (onNetwork(coordinator.port)) return false;
  const result = await host
    .run(LOOK, { args: [coordinator.port, coordinator.serialNumber ?? ""], timeoutMs: 5_000, signal })
    .catch(() => undefined);
  return result?.code === 3;
}
