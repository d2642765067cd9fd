import type { HomeDevice } from "./home.ts";
import type { MqttObserver } from "./mqtt-observer.ts";

export interface FormationOptions {
  readonly mqtt: MqttObserver;
  readonly devices: readonly HomeDevice[];
  /** How long one device may take. */
  readonly withinMs: number;
  readonly progress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Devices that join at a time; more only wait for each other on the one serial line. */
const AT_ONCE = 3;

/**
 * Lets all devices join the network that Zigbee2MQTT serves, by its own interview, and waits until it has configured
 * each. Rejects when a device does not get there.
 */
export async function joinAll(options: FormationOptions): Promise<void> {
  const { mqtt, devices, progress, signal } = options;
  await permitJoin(mqtt, 254);
  const waiting = [...devices];
  let joined = 0;
  const joiner = async (): Promise<void> => {
    for (let device = waiting.shift(); device; device = waiting.shift()) {
      signal?.throwIfAborted();
      await join(device, options);
      joined++;
      progress(
        `${device.name} (${device.application.manufacturerName} ${device.application.modelId}) joined and was configured: ${joined} of ${devices.length}.`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, joiner));
  await permitJoin(mqtt, 0);
}

async function permitJoin(mqtt: MqttObserver, seconds: number): Promise<void> {
  const answered = mqtt.waitFor(
    "Answer to the request to let devices join",
    ({ topic, payload }) => topic === "zigbee2mqtt/bridge/response/permit_join" && payload.includes('"ok"'),
    10_000,
  );
  await Promise.all([answered, mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: seconds })]);
}

async function join(device: HomeDevice, { mqtt, withinMs }: FormationOptions): Promise<void> {
  const interviewed = mqtt.waitFor(
    `Interview of ${device.name}`,
    ({ topic, payload }) => topic === "zigbee2mqtt/bridge/event" && isSuccessfulInterview(payload, device.ieeeAddress),
    withinMs,
  );
  const configured = mqtt.waitFor(
    `Configuration of ${device.name}`,
    ({ topic, payload }) =>
      topic === "zigbee2mqtt/bridge/logging" && payload.includes(`Successfully configured '${device.name}'`),
    withinMs,
  );
  await Promise.all([device.radio.join(withinMs), interviewed, configured]);
}

function isSuccessfulInterview(payload: string, ieeeAddress: string): boolean {
  const event = JSON.parse(payload) as {
    type: string;
    data: { ieee_address: string; status?: string; supported?: boolean };
  };
  return (
    event.type === "device_interview" && event.data.ieee_address === ieeeAddress && event.data.status === "successful"
  );
}
