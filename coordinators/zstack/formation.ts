import { randomBytes } from "node:crypto";
import { readNib } from "../nib.ts";
import { coordinatorError } from "./failures.ts";
import { Subsystem } from "./framing.ts";
import { NoAnswer, type MtClient, type MtCommand } from "./mt-client.ts";
import { addressOf, readItem, writeItem } from "./nv-items.ts";
import { hex32 } from "./rows.ts";
import { silence } from "./radio.ts";

const SET_CHANNEL: MtCommand = { subsystem: Subsystem.APP_CNF, id: 0x08 };
const START_COMMISSIONING: MtCommand = { subsystem: Subsystem.APP_CNF, id: 0x05 };
const STATE_CHANGE: MtCommand = { subsystem: Subsystem.ZDO, id: 0xc0 };

const CLEAR_STATE_AND_CONFIGURATION = "03";
const FORM = 0x04;
const STARTED_AS_COORDINATOR = 9;
const SUCCESS = 0;
/** 15, 20 and 25, which lie between the channels of Wi-Fi. */
const CHANNELS = (1 << 15) | (1 << 20) | (1 << 25);
const FORMATION_MS = 60_000;
const NIB_ATTEMPTS = 30;
const NIB_MS = 1000;

/**
 * Clears the coordinator and lets it form a network of random PAN, extended PAN ID and key under its hardware address, then stops
 * it: the firmware itself so makes every item and table that a network needs. On the air for a second or two.
 * @throws UnderstudyError COORDINATOR_WRITE_FAILED, COORDINATOR_NOT_SILENT
 */
export async function formThrowAwayNetwork(mt: MtClient): Promise<void> {
  await write(mt, "STARTUP_OPTION", CLEAR_STATE_AND_CONFIGURATION);
  await silence(mt);
  await write(mt, "STARTUP_OPTION", "00");
  await write(mt, "LOGICAL_TYPE", "00");
  await write(mt, "PANID", "ffff");
  await write(mt, "APS_USE_EXT_PANID", randomBytes(8).toString("hex"));
  await write(mt, "PRECFGKEY", randomBytes(16).toString("hex"));
  await write(mt, "PRECFGKEYS_ENABLE", "00");
  await write(mt, "CHANLIST", hex32(CHANNELS));
  try {
    await form(mt);
  } finally {
    await silence(mt);
  }
}

async function form(mt: MtClient): Promise<void> {
  await accepted(mt, SET_CHANNEL, `01${hex32(CHANNELS)}`);
  await accepted(mt, SET_CHANNEL, `00${hex32(0)}`);
  const started = mt.indication(STATE_CHANGE, FORMATION_MS, {
    where: (data) => data.readUInt8(0) === STARTED_AS_COORDINATOR,
  });
  started.catch(() => undefined);
  await accepted(mt, START_COMMISSIONING, `0${FORM}`);
  await started.catch(tooLate(mt));
  await nibIsThere(mt);
}

/** The stack stores its network a moment after it has announced it. */
async function nibIsThere(mt: MtClient): Promise<void> {
  for (let attempt = 1; attempt <= NIB_ATTEMPTS; attempt++) {
    const address = addressOf("LEGACY", "NIB");
    const nib = address && readNib((await readItem(mt, address)) ?? Buffer.alloc(0));
    if (nib && nib.channel !== 0 && nib.panId < 0xfffe) return;
    await new Promise((resolve) => setTimeout(resolve, NIB_MS));
  }
  throw notFormed(mt);
}

async function write(mt: MtClient, name: string, hex: string): Promise<void> {
  const address = addressOf("LEGACY", name);
  if (address) await writeItem(mt, address, Buffer.from(hex, "hex"));
}

async function accepted(mt: MtClient, command: MtCommand, hex: string): Promise<void> {
  const answer = await mt.request(command, Buffer.from(hex, "hex")).catch(tooLate(mt));
  if (answer.readUInt8(0) !== SUCCESS) throw notFormed(mt);
}

function tooLate(mt: MtClient) {
  return (error: unknown): never => {
    throw error instanceof NoAnswer ? notFormed(mt) : error;
  };
}

function notFormed(mt: MtClient): Error {
  return coordinatorError(
    mt.place,
    "COORDINATOR_WRITE_FAILED",
    "it did not form the network that makes it ready to be written.",
    "move it away from USB 3 ports and disks (on an extension cable), then try again.",
  );
}
