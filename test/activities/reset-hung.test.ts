import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resetHung } from "../../activities/node/reset-hung.ts";
import type { CoordinatorReset } from "../../config/coordinator-reset.ts";
import { silenceCoordinator } from "../../coordinators/silence.ts";
import { Air } from "../../lab/air/air.ts";
import { Dongle } from "../../lab/coordinator/dongle.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { localHost } from "../support/local-host.ts";

let directory: string;
let air: Air;
let dongle: Dongle;
let port: string;
let lab: NodeJS.Timeout;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "understudy-reset-hung-"));
  air = new Air();
  const stateFile = join(directory, "stick.json");
  dongle = new Dongle({ name: "a", hardwareIeee: "00124b00000000a1", stateFile, timing: "off", air });
  port = (await dongle.plug()).path;
  const button = join(directory, "button");
  lab = setInterval(() => {
    if (!existsSync(button)) return;
    rmSync(button);
    dongle.reset();
  }, 10);
});
afterEach(async () => {
  clearInterval(lab);
  await dongle.unplug();
  air.close();
  rmSync(directory, { recursive: true, force: true });
});

const host = localHost({ name: "attic" });
const signal = new AbortController().signal;
const silence = async () => silenceCoordinator(host, { port, python: "python3", privileged: false });
const hung = (reset: CoordinatorReset | undefined, answers: typeof silence = silence) => ({
  host,
  node: {
    name: "attic",
    coordinator: { driver: "zigpy-znp", port, python: "python3", ...(reset ? { reset } : {}) } as const,
  },
  coordinator: { silence: answers },
});
const press = (): CoordinatorReset => ({ kind: "command", command: `touch ${directory}/button` });

test("a coordinator that hangs answers after its reset, and is silent until Zigbee2MQTT starts it", async () => {
  await silence();
  dongle.hang();
  await resetHung(hung(press()), signal);
  expect(dongle.inspect()).toMatchObject({ onAir: false, deviceState: 0 });
  // Nothing is lost when it runs again already, as after a step that was done twice.
  await resetHung(hung(press()), signal);
  expect(dongle.inspect()).toMatchObject({ onAir: false, deviceState: 0 });
});

test("I7: one that was reset and still does not answer is told so, and is not taken for well", async () => {
  const deaf = () =>
    Promise.reject(
      new UnderstudyError("COORDINATOR_NOT_SILENT", { node: "attic", what: "It does not answer.", next: "pull it." }),
    );
  await expect(resetHung(hung(press(), deaf), signal)).rejects.toMatchObject({
    id: "COORDINATOR_NOT_RESET",
    what: "It was reset (command), and still: It does not answer.",
  });
});

test("a node that was lost under the reset is no coordinator that does not answer", async () => {
  const lost = () =>
    Promise.reject(new UnderstudyError("HOST_UNREACHABLE", { node: "attic", what: "It is gone.", next: "look." }));
  await expect(resetHung(hung(press(), lost), signal)).rejects.toMatchObject({ id: "HOST_UNREACHABLE" });
});

test("nothing is done where understudy.yaml no longer says how", () =>
  expect(resetHung(hung(undefined), signal)).rejects.toMatchObject({ id: "COORDINATOR_NOT_RESET" }));
