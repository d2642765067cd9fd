import { z } from "zod";
import type { TasmotaHttpRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import { getJson } from "./http.ts";
import type { PowerSwitch } from "./power-switch.ts";
import { tasmotaState } from "./tasmota-state.ts";

const answer = z.record(z.string(), z.unknown());

/** A plug with Tasmota over HTTP: `/cm?cmnd=Power1 OFF`; without an argument the command tells the state. */
export function tasmotaHttpSwitch(rung: TasmotaHttpRung): PowerSwitch {
  const send = async (argument: string, signal: AbortSignal) => {
    const { user = "admin", password, relay } = rung;
    const query = {
      ...(password === undefined ? {} : { user, password }),
      cmnd: `Power${relay}${argument}`,
    };
    // Tasmota takes the login from the query alone, and a space only as %20.
    const text = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
    const told = answer.safeParse(await getJson(rung, `/cm?${text.join("&")}`, { signal }));
    const state = told.success ? tasmotaState(told.data, rung.relay) : undefined;
    if (state) return state;
    throw new UnderstudyError("FENCING_FAILED", {
      what: `The plug at ${rung.host} does not tell the state of its relay ${rung.relay}.`,
      next: "see that relay is right, and set password if the plug's web interface has one.",
    });
  };
  return {
    set: async (state, signal) => void (await send(` ${state.toUpperCase()}`, signal)),
    read: (signal) => send("", signal),
  };
}
