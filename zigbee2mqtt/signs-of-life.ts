/**
 * What is subscribed to below the base topic to see whether Zigbee2MQTT and its devices live. Not everything: the reply to a
 * backup is the whole data directory.
 */
export const TOPICS_OF_LIFE: readonly string[] = [
  "+",
  "+/+",
  "bridge/request/restart",
  "bridge/response/health_check",
  "bridge/response/coordinator_check",
];

/** Whether what a device of this name publishes is among them: friendly names may hold slashes. */
export function isHeard(deviceName: string): boolean {
  return deviceName.split("/").length <= 2;
}

/**
 * What a live message shows: that the process lives, and perhaps that the radio does. Undefined for what others say to
 * Zigbee2MQTT. `topic` is below the base topic.
 */
export function lifeIn(topic: string): "process" | "radio" | undefined {
  if (topic.startsWith("bridge/request/") || /\/(get|set)$/.test(topic) || /\/(get|set)\//.test(topic))
    return undefined;
  // Zigbee2MQTT says by itself that a device has become unavailable.
  return topic.startsWith("bridge/") || topic.endsWith("/availability") ? "process" : "radio";
}
