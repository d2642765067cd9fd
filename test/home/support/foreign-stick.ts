import { join } from "node:path";
import { Dongle } from "../../../lab/coordinator/dongle.ts";
import type { Home } from "../../../lab/home/home.ts";
import { MtHost } from "../../lab/coordinator/mt-host.ts";

const OSAL_NV_ITEM_INIT = 0x07;
/** HAS_CONFIGURED_ZSTACK3, one byte, set. */
const CONFIGURED = Buffer.from([0x60, 0, 1, 0, 1, 0x55]);

/** A stick, not plugged in yet, that serves a network of its own elsewhere: formed and marked as configured. */
export async function foreignStick(home: Home): Promise<Dongle> {
  const stick = new Dongle({
    name: "stick-foreign",
    hardwareIeee: "00124b002a00f0f0",
    stateFile: join(home.directory, "stick-foreign.json"),
    timing: "off",
    air: home.air,
  });
  const { port } = await stick.listenTcp(0);
  const host = await MtHost.connect(port);
  await host.form(26);
  await host.request(1, OSAL_NV_ITEM_INIT, CONFIGURED);
  host.close();
  await stick.unplug();
  return stick;
}
