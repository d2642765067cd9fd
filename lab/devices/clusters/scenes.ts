import { Zcl } from "zigbee-herdsman";
import type { AttributeStore, AttributeValue, AttributeValues } from "../attribute-store.ts";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";

interface ScenePayload {
  readonly groupid: number;
  readonly sceneid: number;
}

function reply(command: string, result: Zcl.Status, { groupid, sceneid }: ScenePayload): Reply {
  return { kind: "cluster", command, payload: { status: result, groupid, sceneid } };
}

/** Group 0 is the scene table's own group and needs no membership. */
function isMember({ groups }: CommandContext, groupId: number): boolean {
  return groupId === 0 || groups.has(groupId);
}

function store(payload: ScenePayload, context: CommandContext): Reply {
  if (!isMember(context, payload.groupid)) return reply("storeRsp", Zcl.Status.INVALID_FIELD, payload);
  const { groupid: groupId, sceneid: sceneId } = payload;
  context.scenes.set(key(payload), { groupId, sceneId, name: "", values: sceneValues(context.attributes) });
  updateSceneCount(context);
  return reply("storeRsp", Zcl.Status.SUCCESS, payload);
}

function recall(payload: ScenePayload, { scenes, attributes }: CommandContext): Reply {
  const scene = scenes.get(key(payload));
  if (!scene) return status(Zcl.Status.NOT_FOUND);
  for (const [cluster, values] of Object.entries(scene.values)) {
    for (const [name, value] of Object.entries(values)) attributes.set(cluster, name, value);
  }
  return status(Zcl.Status.SUCCESS);
}

function remove(payload: ScenePayload, context: CommandContext): Reply {
  const existed = context.scenes.delete(key(payload));
  updateSceneCount(context);
  return reply("removeRsp", existed ? Zcl.Status.SUCCESS : Zcl.Status.NOT_FOUND, payload);
}

function removeAll({ groupid }: { groupid: number }, context: CommandContext): Reply {
  for (const [sceneKey, scene] of context.scenes) {
    if (scene.groupId === groupid) context.scenes.delete(sceneKey);
  }
  updateSceneCount(context);
  return { kind: "cluster", command: "removeAllRsp", payload: { status: Zcl.Status.SUCCESS, groupid } };
}

function key({ groupid, sceneid }: ScenePayload): string {
  return `${groupid}/${sceneid}`;
}

/** The attributes that belong to a scene, as far as this device has them. */
function sceneValues(attributes: AttributeStore): AttributeValues {
  const wanted: [string, string][] = [
    ["genOnOff", "onOff"],
    ["genLevelCtrl", "currentLevel"],
    ["lightingColorCtrl", "colorTemperature"],
  ];
  const all = attributes.toJSON();
  const values: Record<string, Record<string, AttributeValue>> = {};
  for (const [cluster, name] of wanted) {
    const value = all[cluster]?.[name];
    if (value !== undefined) values[cluster] = { [name]: value };
  }
  return values;
}

/** Keeps the attribute that says how many scenes there are; for a device without scenes it does nothing. */
export function updateSceneCount({ scenes, attributes }: Pick<CommandContext, "scenes" | "attributes">): void {
  if (attributes.hasCluster(Zcl.Clusters.genScenes.ID)) attributes.set("genScenes", "count", scenes.size);
}

/** The part of the Scenes cluster that Zigbee2MQTT uses with stored scenes (Zigbee Cluster Library, section 3.7). */
export const scenesCommands: CommandHandlers = { store, recall, remove, removeAll };
