import type { ResetInput } from "./schema/coordinator-reset.ts";

/** How a coordinator whose firmware does not answer is made to boot, from its own node. */
export type CoordinatorReset =
  /** By the modem lines of its serial adapter, wired as on this kind of stick. */
  | { readonly kind: "line"; readonly stick: "zbdongle-p" }
  /** By the power of the USB port that it is plugged into, as the kernel names it: `1-1.2`. */
  | { readonly kind: "usb-port"; readonly usbPort: string }
  /** By a command of the user's on the node. */
  | { readonly kind: "command"; readonly command: string };

/** The input has passed the schema. */
export function toReset(input: ResetInput | undefined): CoordinatorReset | undefined {
  if (input?.line !== undefined) return { kind: "line", stick: input.line };
  if (input?.usbPort !== undefined) return { kind: "usb-port", usbPort: input.usbPort };
  return input?.command === undefined ? undefined : { kind: "command", command: input.command };
}

/** As the user would write it. */
export function resetShape(reset: CoordinatorReset): ResetInput {
  switch (reset.kind) {
    case "line":
      return { line: reset.stick };
    case "usb-port":
      return { usbPort: reset.usbPort };
    case "command":
      return { command: reset.command };
  }
}
