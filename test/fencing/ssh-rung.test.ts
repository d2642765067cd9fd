import { expect, test } from "vitest";
import { climbLadder } from "../../fencing/ladder.ts";
import type { Climb } from "../../fencing/ladder.ts";
import { sshRung } from "../../fencing/ssh-rung.ts";
import type { SshRungNode } from "../../fencing/ssh-rung.ts";
import { isUnplugged } from "../../fencing/unplugged.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { ErrorId } from "../../model/errors.ts";
import { localHost } from "../support/local-host.ts";

const signal = new AbortController().signal;
const failure = (id: ErrorId) => Promise.reject(new UnderstudyError(id, { what: `${id}.`, next: "look at it." }));

/** Climbs a ladder of this rung alone. */
async function climb(changes: Partial<SshRungNode>): Promise<Climb & { unplugged: boolean; done: string[] }> {
  const done: string[] = [];
  const node: SshRungNode = {
    coordinator: {
      silence: () => {
        done.push("silence");
        return Promise.resolve({ resetSeen: true, deviceState: 1 });
      },
    },
    stop: () => Promise.resolve(void done.push("stop")),
    isUnplugged: () => Promise.resolve(false),
    ...changes,
  };
  let unplugged = false;
  const rung = sshRung(
    () => Promise.resolve(node),
    () => (unplugged = true),
  );
  return { ...(await climbLadder([rung], signal)), unplugged, done };
}

test("a service that is stopped and a coordinator that was reset: its radio is off", async () => {
  expect(await climb({})).toMatchObject({ proven: "radio off", done: ["stop", "silence"], unplugged: false });
});

test("a service that does not stop: its coordinator is left to it, and nothing is proven", async () => {
  const { proven, done } = await climb({ stop: () => failure("SERVICE_DID_NOT_STOP") });
  expect({ proven, done }).toEqual({ proven: undefined, done: [] });
});

test("a coordinator that does not answer its reset may be on the air", async () => {
  const { proven, unplugged } = await climb({ coordinator: { silence: () => failure("COORDINATOR_NOT_SILENT") } });
  expect({ proven, unplugged }).toEqual({ proven: undefined, unplugged: false });
});

test.each([true, false])("a coordinator that is missing proves nothing by itself; unplugged: %s", async (isGone) => {
  const missing = { coordinator: { silence: () => failure("COORDINATOR_MISSING") } };
  const { proven, unplugged } = await climb({ ...missing, isUnplugged: () => Promise.resolve(isGone) });
  expect({ proven, unplugged }).toEqual({ proven: undefined, unplugged: isGone });
});

test("a stick is unplugged where its port and its serial number are gone; a network coordinator never is", async () => {
  const stick = { driver: "zigpy-znp", port: "/dev/serial/by-id/none-such", python: "python3" } as const;
  expect(await isUnplugged(localHost(), { ...stick, serialNumber: "none-such" }, signal)).toBe(true);
  expect(await isUnplugged(localHost(), { ...stick, port: "/dev/null" }, signal)).toBe(false);
  expect(await isUnplugged(localHost(), { ...stick, port: "tcp://10.0.0.7:6638" }, signal)).toBe(false);
});
