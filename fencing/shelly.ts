import { z } from "zod";
import type { ShellyRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import { getJson } from "./http.ts";
import type { PowerSwitch } from "./power-switch.ts";

const status = { 1: z.object({ ison: z.boolean() }), 2: z.object({ output: z.boolean() }) };

/** A Shelly plug over HTTP: `/relay/N` of the first generation, the RPC `Switch.Set` and `Switch.GetStatus` of later ones. */
export function shellySwitch(rung: ShellyRung): PowerSwitch {
  const { switch: id, generation, password } = rung;
  const login = password === undefined ? undefined : { user: rung.user ?? "admin", password };
  const get = (path: string, signal: AbortSignal) => getJson(rung, path, { login, signal });
  return {
    async set(state, signal) {
      const path =
        generation === 1 ? `/relay/${id}?turn=${state}` : `/rpc/Switch.Set?id=${id}&on=${String(state === "on")}`;
      await get(path, signal);
    },
    async read(signal) {
      const told = await get(generation === 1 ? `/relay/${id}` : `/rpc/Switch.GetStatus?id=${id}`, signal);
      const on = generation === 1 ? status[1].safeParse(told).data?.ison : status[2].safeParse(told).data?.output;
      if (on !== undefined) return on ? "on" : "off";
      throw new UnderstudyError("FENCING_FAILED", {
        what: `The plug at ${rung.host} does not tell the state of its switch ${id}.`,
        next: "see that switch and generation are right.",
      });
    },
  };
}
