import { expect, test } from "vitest";
import { chooseRoles } from "../../../activities/preflight/roles.ts";

const all = ["a", "b", "c"];
const nodes = (...running: (boolean | undefined)[]) =>
  running.map((is, index) => ({ name: all[index] ?? "", running: is }));

test("the running node hands over to the one that is asked for, or to the first stopped one", () => {
  expect(chooseRoles(nodes(false, true, false), { all })).toMatchObject({ from: "b", to: "a" });
  expect(chooseRoles(nodes(false, true, false), { all, to: "c" })).toMatchObject({ from: "b", to: "c" });
  expect(chooseRoles(nodes(undefined, true, false), { all })).toMatchObject({ from: "b", to: "c" });
});

test("a node that a person took out is not chosen", () => {
  expect(chooseRoles(nodes(false, true, false), { all, takenOut: ["a"] })).toMatchObject({ from: "b", to: "c" });
});

test.each([
  ["none runs", nodes(false, false, false), { holder: "a" }, "runs on no node, so"],
  ["none runs of those that could be asked", nodes(false, undefined, false), { holder: "b" }, "and b could not be"],
  ["two run", nodes(true, true), { holder: "a" }, "on a and b at the same time"],
  ["an unknown node is named", nodes(true, false), { to: "d" }, "has no node d"],
  ["the active node is named", nodes(true, false), { to: "a" }, "is the active node already"],
  ["a node that was taken out is named", nodes(true, false), { to: "b", takenOut: ["b"] }, "was taken out"],
  ["the only standby was taken out", nodes(true, false), { takenOut: ["b"] }, "no standby"],
  ["nobody stands by", nodes(true, undefined), {}, "no standby"],
])("refuses where %s", (_case, running, wish, words) => {
  const choice = chooseRoles(running, { all, ...wish });
  expect(choice.to).toBeUndefined();
  expect(choice.findings).toHaveLength(1);
  expect(choice.findings[0]).toMatchObject({
    ok: false,
    what: expect.stringContaining(words),
    next: expect.any(String),
  });
});
