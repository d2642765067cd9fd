import { array, assert, constantFrom, integer, property, record, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { MtFrameParser, encodeMtFrame, type MtFrame } from "../../../lab/coordinator/mt-frame.ts";

const frames = record({
  type: constantFrom<MtFrame["type"]>("poll", "sreq", "areq", "srsp"),
  subsystem: integer({ min: 0, max: 31 }),
  id: integer({ min: 0, max: 255 }),
  data: uint8Array({ maxLength: 250 }).map((bytes) => Buffer.from(bytes)),
});

test("a reset request has the bytes of the documentation", () => {
  const reset = encodeMtFrame({ type: "areq", subsystem: 1, id: 0, data: Buffer.from([0]) });
  expect(reset.toString("hex")).toBe("fe0141000040");
});

test("frames are found in whatever pieces they arrive", () => {
  assert(
    property(array(frames, { maxLength: 5 }), integer({ min: 1, max: 40 }), (sent, size) => {
      const stream = Buffer.concat(sent.map(encodeMtFrame));
      const parser = new MtFrameParser();
      const found: MtFrame[] = [];
      for (let at = 0; at < stream.length; at += size) found.push(...parser.push(stream.subarray(at, at + size)));
      expect(found).toEqual(sent);
    }),
  );
});

test("garbage before a frame is skipped, also when it looks like the start of one", () => {
  const frame = { type: "sreq", subsystem: 1, id: 1, data: Buffer.alloc(0) } as const;
  for (const garbage of ["ef", "00ff00", "fe", "fefe", "fe05", "feff", "fe0121", "fe00210000"]) {
    const parser = new MtFrameParser();
    // Whatever length the garbage claims, the repeated frames fill it sooner or later.
    const stream = Buffer.concat([
      Buffer.from(garbage, "hex"),
      ...Array.from({ length: 4 }, () => encodeMtFrame(frame)),
    ]);
    expect(parser.push(stream).at(-1), garbage).toEqual(frame);
  }
});

test("a frame with a wrong check byte is none", () => {
  const bytes = encodeMtFrame({ type: "sreq", subsystem: 1, id: 2, data: Buffer.from([1, 2, 3]) });
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(new MtFrameParser().push(bytes)).toEqual([]);
});

test("data that no frame can hold are refused", () => {
  const data = Buffer.alloc(251);
  expect(() => encodeMtFrame({ type: "sreq", subsystem: 1, id: 2, data })).toThrow(RangeError);
});
