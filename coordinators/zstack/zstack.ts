import type { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../../hosts/host.ts";
import type { Coordinator } from "../coordinator.ts";
import { comparePartial } from "../image-diff.ts";
import { namesOf } from "../item-names.ts";
import { coordinatorError } from "./failures.ts";
import { openLink } from "./link.ts";
import { admitChannel, discover } from "./listening.ts";
import { MtClient, NoAnswer, UnknownCommand } from "./mt-client.ts";
import { readBackup, restoreBackup } from "./network-backup.ts";
import { silence } from "./radio.ts";
import { readNamedItems, readWholeImage } from "./read-image.ts";
import { replaceImage, writePartial } from "./write-image.ts";

export interface ZStackOptions {
  /** A serial device, or `tcp://host:port` as the node sees it. */
  readonly port: string;
  /** Whether the port needs the node's configured privilege. Default true. */
  readonly privileged?: boolean;
  /** How long to wait for each of three resets. Default 5000 ms; a reset takes about 1 s on hardware. */
  readonly resetTimeoutMs?: number;
}

/**
 * A Z-Stack 3 coordinator, spoken with from here over the connection to its node: nothing is installed there. Each call is
 * exclusive on the node and opens the port anew, with the lock that Zigbee2MQTT takes; nothing starts the stack.
 */
export function zstackCoordinator(host: Host, options: ZStackOptions): Coordinator {
  const place = { node: host.name, port: options.port };

  async function speak<T>(signal: AbortSignal | undefined, act: (mt: MtClient) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const link = await openLink(host, { port: options.port, privileged: options.privileged ?? true, signal });
    let result: T;
    try {
      result = await act(new MtClient(link, place));
    } catch (error) {
      await link.close().catch(() => undefined);
      throw isOddAnswer(error) ? notUnderstood(error) : error;
    }
    await link.close();
    return result;
  }

  /** For what begins with a question: whether anybody answers is found out first. */
  function ask<T>(signal: AbortSignal | undefined, act: (mt: MtClient) => Promise<T>): Promise<T> {
    return speak(signal, async (mt) => {
      await mt.recover();
      return act(mt);
    });
  }

  function notUnderstood(cause: unknown): UnderstudyError {
    const error = coordinatorError(
      place,
      "COORDINATOR_UNREADABLE",
      "what it answers is not understood.",
      "check that it is a Z-Stack 3 coordinator; if it is, report this, and set coordinator.driver to zigpy-znp meanwhile.",
    );
    return Object.assign(error, { cause });
  }

  return {
    dump: (signal) => ask(signal, readWholeImage),
    read: (names, signal) => ask(signal, (mt) => readNamedItems(mt, names)),
    compare: (partial, signal) =>
      ask(signal, async (mt) => comparePartial(partial, await readNamedItems(mt, namesOf(partial)))),
    replace: (image, signal) => ask(signal, (mt) => replaceImage(mt, image)),
    write: (partial, signal) => ask(signal, (mt) => writePartial(mt, partial)),
    restore: (backup, signal) => ask(signal, (mt) => restoreBackup(mt, backup)),
    backup: (signal) => ask(signal, (mt) => readBackup(mt, new Date())),
    silence: (signal) => speak(signal, (mt) => silence(mt, options.resetTimeoutMs)),
    listen: (channel, signal) =>
      speak(signal, async (mt) => {
        await silence(mt, options.resetTimeoutMs);
        const undo = await admitChannel(mt, channel);
        if (undo) await silence(mt, options.resetTimeoutMs);
        try {
          return await discover(mt, channel);
        } finally {
          await undo?.();
          if (undo) await silence(mt, options.resetTimeoutMs);
        }
      }),
  };
}

/** An answer that is too short for what it should say, one that is none, or none at all. */
function isOddAnswer(error: unknown): boolean {
  return error instanceof RangeError || error instanceof UnknownCommand || error instanceof NoAnswer;
}
