import type { World } from "../../activities/support/world.ts";
import { watchService } from "./watch-service.ts";

/** Starts the MQTT trigger of each service. `stop` resolves when all have ended. Nothing that happens to them ends the process. */
export function startMqttTriggers(world: World, services: readonly string[]): { stop(): Promise<void> } {
  const ending = new AbortController();
  const watching = services.map((name) =>
    watchService(world, name, ending.signal).catch((error: unknown) => {
      const what = error instanceof Error ? error.name : typeof error;
      console.error(
        `${name}: the MQTT trigger ended by a fault of its own (${what}); it begins again with the next start.`,
      );
    }),
  );
  return {
    async stop() {
      ending.abort();
      await Promise.all(watching);
    },
  };
}
