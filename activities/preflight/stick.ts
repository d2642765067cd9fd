import { judgeStick } from "../../coordinators/admission.ts";
import { highestCounters } from "../../coordinators/frame-counters.ts";
import { readCoordinatorState } from "../../generations/node-state.ts";
import { NO_COUNTERS } from "../../model/frame-counters.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { Finding } from "../../workflows/contract.ts";
import { whyUnproven } from "../node/write-coordinator.ts";
import { readZigbee2MqttFiles } from "../node/zigbee2mqtt-files.ts";
import { passed, refused, run } from "./check.ts";
import type { Roles } from "./check.ts";

/** Reads the standby's idle stick, judges whether it may be written (I11), and silences it: it may still be on the air from earlier. */
export async function checkStick(
  { active, standby, signal }: Roles,
  consent: { enrolBlankStick: boolean },
): Promise<{ findings: Finding[]; counters: FrameCounters }> {
  const { node, coordinator, host } = standby;
  let counters = NO_COUNTERS;
  // The active one's, too: on the way back its counters are raised.
  const unproven = [active.node, standby.node].flatMap((either) => {
    const why = whyUnproven(either);
    return why ? [refused("stick", either.name, why.what, why.next)] : [];
  });
  if (unproven.length > 0) return { findings: unproven, counters };
  const findings = await run("stick", node.name, async () => {
    const { backup } = await readZigbee2MqttFiles(active.host, active.node, signal);
    if (!backup)
      return refused(
        "stick",
        active.node.name,
        "coordinator_backup.json cannot be read.",
        "Restart Zigbee2MQTT there once: it writes the file when it stops.",
      );
    const image = await coordinator.dump(signal);
    const dirty = (await readCoordinatorState(host, node, signal))?.state === "dirty";
    const admission = judgeStick(image, backup, { enrolled: consent.enrolBlankStick, dirty });
    if (!admission.allowed) {
      return refused(
        "stick",
        node.name,
        admission.reason,
        admission.ask
          ? "Start the switchover with --enrol-blank-stick."
          : "Plug this node's own stick in, or name another one in coordinator.port.",
      );
    }
    counters = highestCounters(image);
    await coordinator.silence(signal);
    return passed("stick", node.name, `${admission.reason.replace(/\.$/, "")}; it is silent`);
  });
  return { findings, counters };
}
