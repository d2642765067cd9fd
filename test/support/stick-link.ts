import { rmSync, symlinkSync } from "node:fs";
import type { Dongle } from "../../lab/coordinator/dongle.ts";

/** Plugs a stick in under a link of its own, as udev makes one: a terminal's number is another stick's as soon as it is free. */
export async function plugUnder(link: string, dongle: Dongle): Promise<string> {
  const { path } = await dongle.plug();
  symlinkSync(path, link);
  return link;
}

/** Pulls a stick that was plugged in so. */
export async function pull(link: string, dongle: Dongle): Promise<void> {
  rmSync(link);
  await dongle.unplug();
}
