import type { PowerState } from "./power-switch.ts";

/** Keys under which Tasmota tells a relay's state: a plug with one relay says `POWER`, unless told otherwise. */
export function tasmotaKeys(relay: number): readonly string[] {
  return relay === 1 ? ["POWER", "POWER1"] : [`POWER${relay}`];
}

/** The state that an answer of Tasmota (`{"POWER":"OFF"}`) tells; undefined where it tells none. */
export function tasmotaState(answer: Readonly<Record<string, unknown>>, relay: number): PowerState | undefined {
  for (const key of tasmotaKeys(relay)) {
    const word = answer[key];
    if (word === "OFF") return "off";
    if (word === "ON") return "on";
  }
  return undefined;
}
