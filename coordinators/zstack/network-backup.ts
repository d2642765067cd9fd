import { UnderstudyError } from "../../model/errors.ts";
import type { NvramImage } from "../nvram-image.ts";
import { BACKUP_ITEMS, BACKUP_TABLES, backupOf } from "./backup-of.ts";
import { coordinatorError } from "./failures.ts";
import { formThrowAwayNetwork } from "./formation.ts";
import type { MtClient } from "./mt-client.ts";
import { readNamedItems, readTables, readWholeImage } from "./read-image.ts";
import { DoesNotFit, holdsNetworkOf, parseBackup, restoredImage } from "./restored-image.ts";
import { overwriteImage, requireSilent } from "./write-image.ts";

/**
 * The coordinator's network as an Open Coordinator Backup: a secret.
 * @throws UnderstudyError COORDINATOR_UNREADABLE, also where it holds none.
 */
export async function readBackup(mt: MtClient, at: Date): Promise<string> {
  const named = await readNamedItems(mt, BACKUP_ITEMS);
  const backup = backupOf({ ...(await readTables(mt, BACKUP_TABLES)), LEGACY: named.LEGACY }, at);
  if (backup !== undefined) return backup;
  throw coordinatorError(
    mt.place,
    "COORDINATOR_UNREADABLE",
    "it holds no network that can be read (in the tables of Z-Stack 3.x.0).",
    "start Zigbee2MQTT with it once; with firmware older than Z-Stack 3.x.0 set coordinator.driver to zigpy-znp.",
  );
}

/**
 * Makes the network of an Open Coordinator Backup the coordinator's, and resolves with its NVRAM as read afterwards. One that holds
 * this network already is only brought up to date, and is never on the air; any other is cleared, and forms a throw-away network
 * first.
 * @throws UnderstudyError GENERATION_INVALID where the text is no backup, COORDINATOR_WRITE_FAILED, COORDINATOR_VERIFY_FAILED,
 *   COORDINATOR_UNREADABLE, COORDINATOR_NOT_SILENT
 */
export async function restoreBackup(mt: MtClient, text: string): Promise<NvramImage> {
  const backup = parseBackup(text);
  if (!backup)
    throw new UnderstudyError("GENERATION_INVALID", {
      what: `What was to be restored as a coordinator's backup (${text.length} characters) is none.`,
      next: "make a new generation: understudy sync.",
    });
  await requireSilent(mt);
  let found = await readWholeImage(mt);
  if (!holdsNetworkOf(found, backup)) {
    await formThrowAwayNetwork(mt);
    found = await readWholeImage(mt);
  }
  try {
    return await overwriteImage(mt, restoredImage(found, backup), found);
  } catch (error) {
    if (!(error instanceof DoesNotFit)) throw error;
    throw coordinatorError(
      mt.place,
      "COORDINATOR_WRITE_FAILED",
      `${error.message}.`,
      "give it the firmware of the active one, or set coordinator.driver to zigpy-znp.",
    );
  }
}
