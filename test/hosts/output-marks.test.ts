import { array, assert, constantFrom, nat, property } from "fast-check";
import { expect, it } from "vitest";
import { OutputMarks } from "../../hosts/output-marks.ts";

const PREFIX = "understudy-00ff: ";

function read(chunks: readonly Buffer[]): { data: string; marks: string[] } {
  const marks = new OutputMarks(PREFIX);
  const events = chunks.flatMap((chunk) => marks.push(chunk));
  return {
    data: Buffer.concat(events.flatMap((event) => (event.kind === "data" ? [event.data] : []))).toString("latin1"),
    marks: events.flatMap((event) => (event.kind === "mark" ? [event.text] : [])),
  };
}

it("finds the marks wherever the stream is cut, also directly behind what only begins like one", () => {
  const piece = constantFrom("a", "\n", "understudy-", "understudy-00ff:", "u", "\0\xff");
  assert(
    property(array(piece), array(piece), array(nat(60)), (before, after, cuts) => {
      const first = before.join("");
      const second = after.join("");
      const whole = Buffer.from(`${first}${PREFIX}end 7\n${second}.`, "latin1");
      const places = [0, ...cuts.map((cut) => cut % whole.length).toSorted((a, b) => a - b), whole.length];
      const chunks = places.slice(1).map((place, index) => whole.subarray(places[index], place));
      expect(read(chunks)).toEqual({ data: `${first}${second}.`, marks: ["end 7"] });
    }),
  );
});

it("does not hold back what cannot become a mark, so that progress is seen at once", () => {
  expect(read([Buffer.from("50 %")]).data).toBe("50 %");
  expect(read([Buffer.from("50 % u")]).data).toBe("50 % ");
});
