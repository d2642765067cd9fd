import { ADDRESS_USER, type KnownAddress } from "./address-table.ts";
import { ieeeToBytes, u8, u16 } from "./bytes.ts";
import { NODE_RELATION, type Child } from "./child-list.ts";
import type { MtCommands } from "./mt-command.ts";
import { DEVICE_STATE, STATUS } from "./mt-ids.ts";
import type { Stack } from "./stack.ts";

const NO_ADDRESS = 0xfffe;
const NO_RELATION = 0xff;
/** Coordinator, router and end device: what the firmware could be. */
const DEVICE_TYPE = 0x07;
/** Size of the stack's record of an associated device on a 32-bit chip. */
const ASSOCIATED_DEVICE_LENGTH = 36;

export const utilCommands: MtCommands = {
  // getDeviceInfo
  0x00: (_data, { stack }) => {
    const started = stack.state === DEVICE_STATE.STARTED_AS_COORDINATOR;
    const children = started ? stack.children.all().map(({ address }) => address) : [];
    return Buffer.concat([
      u8(STATUS.SUCCESS),
      ieeeToBytes(stack.ieee),
      u16(started ? 0 : NO_ADDRESS),
      u8(DEVICE_TYPE, stack.state, children.length),
      u16(...children),
    ]);
  },
  // callbackSubCmd, ledControl
  0x06: () => u8(STATUS.SUCCESS),
  0x0a: () => u8(STATUS.SUCCESS),
  // addrmgrExtAddrLookup, addrmgrNwkAddrLookup
  0x40: (data, { stack }) => u16(stack.addresses.byIeee(data.ieee())?.address ?? NO_ADDRESS),
  0x41: (data, { stack }) => ieeeToBytes(stack.addresses.byAddress(data.u16())?.ieee ?? ""),
  // assocCount
  0x48: (data, { stack }) => {
    const from = data.u8();
    const to = data.u8();
    return u16(stack.children.all().filter(({ relation }) => relation >= from && relation <= to).length);
  },
  // assocFindDevice, assocGetWithAddress
  0x49: (data, { stack }) => associatedDevice(stack.children.all()[data.u8()]),
  0x4a: (data, { stack }) => {
    const ieee = data.ieee();
    const short = data.u16();
    const known = /^0+$/.test(ieee) ? stack.addresses.byAddress(short) : stack.addresses.byIeee(ieee);
    return associatedDevice(known && childOf(stack, known));
  },
  // assocRemove, assocAdd: additions of the firmware that hobbyists use
  0x63: (data, { stack }) => {
    const known = stack.addresses.byIeee(data.ieee());
    if (!known || !childOf(stack, known)) return u8(STATUS.FAILURE);
    stack.children.remove(known.index);
    stack.addresses.forget(known.ieee, ADDRESS_USER.CHILD);
    return u8(STATUS.SUCCESS);
  },
  0x64: (data, { stack }) => {
    const ieee = data.ieee();
    const address = data.u16();
    const relation = data.u8();
    const addressIndex = stack.addresses.remember(ieee, address, ADDRESS_USER.CHILD);
    const added = addressIndex >= 0 && stack.children.add({ address, addressIndex, relation });
    return u8(added ? STATUS.SUCCESS : STATUS.FAILURE);
  },
};

function childOf(stack: Stack, known: KnownAddress): Child | undefined {
  return stack.children.all().find(({ addressIndex }) => addressIndex === known.index);
}

function associatedDevice(child: Child | undefined): Buffer {
  const record = Buffer.alloc(ASSOCIATED_DEVICE_LENGTH);
  record.writeUInt16LE(child?.address ?? NO_ADDRESS, 0);
  record.writeUInt16LE(child?.addressIndex ?? NO_ADDRESS, 2);
  record.writeUInt8(child ? (child.relation ?? NODE_RELATION.SLEEPY_CHILD) : NO_RELATION, 4);
  return record;
}
