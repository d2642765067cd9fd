import { Zcl } from "zigbee-herdsman";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";
import { updateSceneCount } from "./scenes.ts";

const CAPACITY = 16;

interface GroupPayload {
  readonly groupid: number;
}
interface NamedGroupPayload extends GroupPayload {
  readonly groupname: string;
}

function reply(command: string, result: Zcl.Status, { groupid }: GroupPayload, more: object = {}): Reply {
  return { kind: "cluster", command, payload: { status: result, groupid, ...more } };
}

function add(payload: NamedGroupPayload, { groups }: CommandContext): Reply {
  if (groups.has(payload.groupid)) return reply("addRsp", Zcl.Status.SUCCESS, payload);
  if (groups.size >= CAPACITY) return reply("addRsp", Zcl.Status.INSUFFICIENT_SPACE, payload);
  groups.set(payload.groupid, payload.groupname);
  return reply("addRsp", Zcl.Status.SUCCESS, payload);
}

function addIfIdentifying(payload: NamedGroupPayload, context: CommandContext): Reply {
  if (context.attributes.number("genIdentify", "identifyTime") > 0) add(payload, context);
  return status(Zcl.Status.SUCCESS);
}

function view(payload: GroupPayload, { groups }: CommandContext): Reply {
  const groupname = groups.get(payload.groupid);
  const result = groupname === undefined ? Zcl.Status.NOT_FOUND : Zcl.Status.SUCCESS;
  return reply("viewRsp", result, payload, { groupname: groupname ?? "" });
}

/** An empty list asks for all groups; a device that is in none of the listed ones stays silent. */
function getMembership(payload: { grouplist: readonly number[] }, { groups }: CommandContext): Reply {
  const asked = payload.grouplist.length === 0 ? [...groups.keys()] : payload.grouplist.filter((id) => groups.has(id));
  if (asked.length === 0 && payload.grouplist.length > 0) return { kind: "none" };
  const body = { capacity: CAPACITY - groups.size, groupcount: asked.length, grouplist: asked };
  return { kind: "cluster", command: "getMembershipRsp", payload: body };
}

function remove(payload: GroupPayload, context: CommandContext): Reply {
  const existed = context.groups.delete(payload.groupid);
  removeScenesOf(context, (groupId) => groupId === payload.groupid);
  return reply("removeRsp", existed ? Zcl.Status.SUCCESS : Zcl.Status.NOT_FOUND, payload);
}

function removeAll(_payload: unknown, context: CommandContext): Reply {
  context.groups.clear();
  removeScenesOf(context, () => true);
  return status(Zcl.Status.SUCCESS);
}

function removeScenesOf(context: CommandContext, isGone: (groupId: number) => boolean): void {
  for (const [key, scene] of context.scenes) {
    if (isGone(scene.groupId)) context.scenes.delete(key);
  }
  updateSceneCount(context);
}

/** Groups cluster (Zigbee Cluster Library, section 3.6). */
export const groupsCommands: CommandHandlers = { add, addIfIdentifying, view, getMembership, remove, removeAll };
