import { describe, expect, it } from "vitest";
import { judgeStick } from "../../coordinators/admission.ts";
import { blankImage, formedImage, SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE, withItem } from "../support/nvram-builder.ts";

const ours = { coordinatorIeee: SAMPLE_IEEE, extendedPanId: SAMPLE_EXTENDED_PAN_ID };
const nobody = { enrolled: false, dirty: false };
const halfWritten = withItem(formedImage(), "LEGACY", "NWK_ACTIVE_KEY_INFO", undefined);

describe("I11: which stick may be written", () => {
  it("allows one that holds our network, whatever its PAN, channel and key", () => {
    const image = formedImage({ panId: 9, channel: 11, key: "77".repeat(16) });
    expect(judgeStick(image, ours, nobody)).toMatchObject({ verdict: "ours", allowed: true });
  });

  it.each([
    ["another address", formedImage({ ieee: "0x00124b0000000099" })],
    [
      "our address but another network, as a stick that went elsewhere",
      formedImage({ extendedPanId: "0xdddddddddddddddd" }),
    ],
  ])("refuses a network with %s, even on an enrolled node", (_what, image) => {
    const admission = judgeStick(image, ours, { enrolled: true, dirty: true });
    expect(admission).toMatchObject({ verdict: "foreign", allowed: false, ask: false });
    expect(admission.reason).toContain("another network");
  });

  it("refuses a network that another program formed, although it carries no mark of ours", () => {
    const image = withItem(formedImage({ ieee: "0x01" }), "LEGACY", "HAS_CONFIGURED_ZSTACK3", undefined);
    expect(judgeStick(image, ours, nobody).allowed).toBe(false);
  });

  it("asks before it fills a blank stick, and fills it once the node is enrolled", () => {
    expect(judgeStick(blankImage("0x02"), ours, nobody)).toMatchObject({
      verdict: "blank-needs-enrolment",
      allowed: false,
      ask: true,
    });
    expect(judgeStick(blankImage("0x02"), ours, { enrolled: true, dirty: false })).toMatchObject({
      verdict: "blank",
      allowed: true,
    });
  });

  it("goes on with a write of ours that was interrupted, and asks about anybody else's", () => {
    expect(judgeStick(halfWritten, ours, { enrolled: false, dirty: true })).toMatchObject({
      verdict: "half-written",
      allowed: true,
    });
    expect(judgeStick(blankImage(), ours, { enrolled: false, dirty: true })).toMatchObject({
      verdict: "blank",
      allowed: true,
    });
    const stranger = withItem(halfWritten, "LEGACY", "EXTADDR", "0200000000000000");
    expect(judgeStick(stranger, ours, nobody)).toMatchObject({ verdict: "half-written", allowed: false, ask: true });
  });
});
