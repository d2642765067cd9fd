import { z } from "zod";
import { shellCommand } from "./values.ts";

/** How a coordinator that hangs is reset. */
export const coordinatorReset = z
  .strictObject({
    line: z
      .literal("zbdongle-p")
      .meta({
        description:
          "By the reset line behind its USB serial adapter, wired as on the Sonoff ZBDongle-P. For no other stick: another wiring may enter its bootloader.",
        expected: "zbdongle-p, the only wiring that is known",
        examples: ["zbdongle-p"],
      })
      .optional(),
    usbPort: z
      .string()
      .regex(/^[1-9][0-9]{0,2}-[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2}){0,5}$/)
      .meta({
        description: "By the power of the node's USB port that it is plugged into, as the kernel names it; with uhubctl or sysfs.",
        expected: "a USB port as the kernel names it",
        examples: ["1-1.2"],
      })
      .optional(),
    command: shellCommand
      .meta({ description: "By a command of your own on the node, with its privilege.", examples: ["/usr/local/bin/reset-stick"] })
      .optional(),
  })
  .refine((kinds) => Object.keys(kinds).length === 1, { message: "needs exactly one of line, usbPort, command" })
  .meta({
    description:
      "How it is reset when its firmware hangs: once, in place, with Zigbee2MQTT stopped. Without it a standby takes over. See docs/detection.md.",
    expected: "one of line, usbPort, command with its value",
    examples: [{ usbPort: "1-1.2" }],
  });

export type ResetInput = z.input<typeof coordinatorReset>;
