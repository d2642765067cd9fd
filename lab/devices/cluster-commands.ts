import type { AttributeStore, AttributeValues } from "./attribute-store.ts";
import type { Reply } from "./frames.ts";

/** What a stored scene brings back. */
export interface Scene {
  readonly groupId: number;
  readonly sceneId: number;
  readonly name: string;
  readonly values: AttributeValues;
}

/** The parts of a device that a cluster command may change. */
export interface CommandContext {
  readonly attributes: AttributeStore;
  /** Names of the groups that the endpoint is a member of, by group id. */
  readonly groups: Map<number, string>;
  readonly scenes: Map<string, Scene>;
  /** Forgets all that was configured over the air, as a button press of several seconds would. */
  resetToFactory(): void;
}

/**
 * Carries out one received command. Each handler declares the payload that zigbee-herdsman's definition of the command
 * yields; `never` lets handlers with different payloads stand in one table.
 */
export type CommandHandler = (payload: never, context: CommandContext) => Reply;

/** Handlers by zigbee-herdsman's name of the command. */
export type CommandHandlers = Readonly<Record<string, CommandHandler>>;
