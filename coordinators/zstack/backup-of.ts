import { counterItems } from "../counter-items.ts";
import type { ItemNames } from "../item-names.ts";
import { EUI64_ALL, readNib } from "../nib.ts";
import type { NvramImage } from "../nvram-image.ts";
import {
  ADDRESS_USER,
  linkKeyOf,
  NO_ADDRESS,
  readAddressRow,
  readApsKeyRow,
  readLinks,
  readTrustCenterKeyRow,
  turned,
} from "./rows.ts";

/** The legacy items and the tables that a backup is made of. */
export const BACKUP_ITEMS: ItemNames = {
  LEGACY: ["NIB", "EXTADDR", "NWK_ACTIVE_KEY_INFO", "TCLK_SEED", "APS_LINK_KEY_TABLE"],
};
export const BACKUP_TABLES = ["ADDRMGR", "TCLK_TABLE", "APS_KEY_DATA_TABLE", "NWK_SEC_MATERIAL_TABLE"] as const;

/** How Zigbee2MQTT writes the kind of Z-Stack into a backup. */
const ZSTACK_3_X_0 = 1;
/** The program and the version of what it writes; zigpy-znp refuses a source of another form. */
const SOURCE = "understudy@1";
const CHANNELS = Array.from({ length: 16 }, (_, index) => index + 11);

interface Key {
  readonly key: string;
  readonly tx_counter: number;
  readonly rx_counter: number;
}

/**
 * The network of an image as an Open Coordinator Backup: a secret. Addresses have four digits, as zigpy-znp wants them, and
 * devices are in the order of their addresses.
 * @returns undefined where the image holds no network in the tables of Z-Stack 3.x.0
 */
export function backupOf(image: NvramImage, at: Date): string | undefined {
  const { LEGACY: legacy } = image;
  const nib = readNib(Buffer.from(legacy["NIB"] ?? "", "hex"));
  const activeKey = legacy["NWK_ACTIVE_KEY_INFO"];
  const counter = nib && networkCounter(image, nib.extendedPanId);
  if (!nib || !activeKey || !legacy["EXTADDR"] || counter === undefined || !image["ADDRMGR"]) return undefined;
  return `${JSON.stringify(
    {
      metadata: {
        format: "zigpy/open-coordinator-backup",
        version: 1,
        source: SOURCE,
        internal: { date: at.toISOString(), znpVersion: ZSTACK_3_X_0 },
      },
      stack_specific: { zstack: { tclk_seed: legacy["TCLK_SEED"] } },
      coordinator_ieee: turned(legacy["EXTADDR"]),
      pan_id: digits(nib.panId),
      extended_pan_id: nib.extendedPanId.slice(2),
      nwk_update_id: nib.updateId,
      security_level: nib.securityLevel,
      channel: nib.channel,
      channel_mask: CHANNELS.filter((channel) => (nib.channelMask >>> channel) & 1),
      network_key: {
        key: activeKey.slice(2, 34),
        sequence_number: Number.parseInt(activeKey.slice(0, 2), 16),
        frame_counter: counter,
      },
      devices: devices(image),
    },
    undefined,
    2,
  )}\n`;
}

/** The network's own counter before the one for any network. */
function networkCounter(image: NvramImage, extendedPanId: string): number | undefined {
  const counters = counterItems(image).filter(({ table }) => table === "NWK_SEC_MATERIAL_TABLE");
  const of = (owner: string): number | undefined => counters.find((item) => item.owner === owner)?.value;
  return of(extendedPanId) ?? of(EUI64_ALL);
}

function devices(image: NvramImage): readonly Record<string, unknown>[] {
  const addresses = Object.values(image["ADDRMGR"] ?? {}).map(readAddressRow);
  const keys = linkKeys(image, addresses);
  return addresses
    .flatMap((row) => {
      if (!row || (row.user & (ADDRESS_USER.CHILD | ADDRESS_USER.SECURITY)) === 0) return [];
      const key = keys.get(row.ieee);
      return {
        ieee_address: turned(row.ieee),
        nwk_address: row.address === NO_ADDRESS ? null : digits(row.address),
        is_child: (row.user & ADDRESS_USER.CHILD) !== 0,
        ...(key ? { link_key: key } : {}),
      };
    })
    .toSorted((a, b) => (a.ieee_address < b.ieee_address ? -1 : 1));
}

/** Link keys by device; a key of a device's own goes before one that is made of the seed. */
function linkKeys(image: NvramImage, addresses: readonly ReturnType<typeof readAddressRow>[]): Map<string, Key> {
  const keys = new Map<string, Key>();
  const seed = image.LEGACY["TCLK_SEED"]?.slice(0, 32);
  for (const hex of seed ? Object.values(image["TCLK_TABLE"] ?? {}) : []) {
    const row = readTrustCenterKeyRow(hex);
    if (row && seed)
      keys.set(row.ieee, {
        key: linkKeyOf(seed, row.ieee, row.shift),
        tx_counter: row.sent,
        rx_counter: row.received,
      });
  }
  const own = Object.values(image["APS_KEY_DATA_TABLE"] ?? {});
  const links = image.LEGACY["APS_LINK_KEY_TABLE"];
  for (const { addressIndex, keyIndex } of links ? readLinks(links) : []) {
    const device = addresses[addressIndex];
    const hex = own[keyIndex];
    if (!device || hex === undefined) continue;
    const { key, sent, received } = readApsKeyRow(hex);
    keys.set(device.ieee, { key, tx_counter: sent, rx_counter: received });
  }
  return keys;
}

function digits(address: number): string {
  return address.toString(16).padStart(4, "0");
}
