import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { silenceCoordinator } from "../../coordinators/silence.ts";
import { localHost } from "../support/local-host.ts";

const RESET_REQUEST = "fe0141000141";
const RESET_SEEN = "fe064180000201020701c0";
const INFO_REQUEST = "fe00270027";

let server: Server | undefined;
afterEach(() => server?.close());

/** A coordinator on the network that does as told; the emulated one with a radio is in zigpy-znp.test.ts. */
async function dongle(answer: (received: string) => string): Promise<{ port: string; received: () => string }> {
  let received = "";
  server = createServer((socket) => {
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("hex");
      socket.write(Buffer.from(answer(chunk.toString("hex")), "hex"));
    });
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, received: () => received };
}

function deviceInfo(state: number): string {
  const body = Buffer.from([14, 0x67, 0x00, 0, ...Buffer.from("0100aa99004b1200", "hex"), 0, 0, 7, state, 0]);
  return `fe${body.toString("hex")}${body
    .reduce((check, byte) => check ^ byte, 0)
    .toString(16)
    .padStart(2, "0")}`;
}

const silence = (port: string, python = "python3"): ReturnType<typeof silenceCoordinator> =>
  silenceCoordinator(localHost(), { port, python, privileged: false, resetTimeoutMs: 400 });

describe("I1: silencing a coordinator", () => {
  it("is proven by the reset and the held state, and asks for nothing else", async () => {
    const stick = await dongle((frame) => (frame === RESET_REQUEST ? RESET_SEEN : deviceInfo(0)));
    expect(await silence(stick.port)).toEqual({ resetSeen: true, deviceState: 0 });
    expect(stick.received()).toBe(RESET_REQUEST + INFO_REQUEST);
  });

  it("sees the answer among other frames, noise and broken pieces", async () => {
    const noise = `00fffe034481cd0102${deviceInfo(9).slice(0, -2)}ff`;
    const stick = await dongle((frame) => (frame === RESET_REQUEST ? noise + RESET_SEEN : deviceInfo(0)));
    expect(await silence(stick.port)).toMatchObject({ deviceState: 0 });
  });

  it("ends a frame that the last owner left unfinished", async () => {
    let frames = 0;
    const stick = await dongle((frame) => {
      frames += 1;
      if (frames === 1) return "";
      return frame.endsWith(RESET_REQUEST) ? RESET_SEEN : deviceInfo(0);
    });
    expect(await silence(stick.port)).toMatchObject({ deviceState: 0 });
    expect(stick.received()).toContain(`${RESET_REQUEST}${"00".repeat(256)}${RESET_REQUEST}`);
  });

  it.each([8, 9])("is not believed of one that is in state %i after its reset", async (state) => {
    const stick = await dongle((frame) => (frame === RESET_REQUEST ? RESET_SEEN : deviceInfo(state)));
    await expect(silence(stick.port)).rejects.toMatchObject({
      id: "COORDINATOR_NOT_SILENT",
      what: expect.stringContaining(`state ${state}`),
    });
  });

  it("is not believed of one that answers without having been reset", async () => {
    const stick = await dongle((frame) => (frame.endsWith(RESET_REQUEST) ? "" : deviceInfo(0)));
    await expect(silence(stick.port)).rejects.toMatchObject({
      id: "COORDINATOR_NOT_SILENT",
      what: expect.stringContaining("did not confirm"),
    });
  });

  it("is not believed of one that does not answer", async () => {
    const stick = await dongle(() => "");
    await expect(silence(stick.port)).rejects.toMatchObject({
      id: "COORDINATOR_NOT_SILENT",
      what: expect.stringContaining("does not answer"),
    });
  });

  it("is refused where there is no coordinator", async () => {
    await expect(silence("/dev/serial/by-id/nothing")).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
    await expect(silence("/dev/null")).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
    await expect(silence("tcp://127.0.0.1:1")).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
  });

  it("is refused where there is no Python", async () => {
    await expect(silence("/dev/null", "/nowhere/python3")).rejects.toMatchObject({ id: "COORDINATOR_TOOL_MISSING" });
  });
});
