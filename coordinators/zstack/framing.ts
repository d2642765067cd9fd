import { Subsystem } from "zigbee-herdsman/dist/adapter/z-stack/unpi/constants.js";
import { setLogger } from "zigbee-herdsman/dist/utils/logger.js";

const nothing = (): void => undefined;
// It logs every byte, keys among them (I10), to the console unless told otherwise.
setLogger({ debug: nothing, info: nothing, warning: nothing, error: nothing });

// Of the whole package only its framing is loaded; its main module would bring every adapter and the native serial port.
export { Subsystem, Type } from "zigbee-herdsman/dist/adapter/z-stack/unpi/constants.js";
export { Frame, Parser } from "zigbee-herdsman/dist/adapter/z-stack/unpi/index.js";

/** Answers what is no command; the package knows this subsystem by another name. */
export const RPC_ERROR = Subsystem.RESERVED;
