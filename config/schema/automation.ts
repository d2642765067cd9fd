import { z } from "zod";
import { DEFAULTS } from "../defaults.ts";
import { duration, flag } from "./values.ts";

const defaults = DEFAULTS.automation;

export const failover = z
  .strictObject({
    after: duration
      .meta({ description: "How long the active node must be seen to be lost before it is taken over.", default: defaults.failover.after, examples: ["10s"] })
      .optional(),
    restarts: z
      .int()
      .min(0)
      .max(10)
      .meta({
        description: "Restarts in place before a take-over, where one can help.",
        expected: "a whole number from 0 to 10",
        default: defaults.failover.restarts,
        examples: [1],
      })
      .optional(),
    quietTime: duration
      .meta({ description: "After an automatic handover no other one for this time, unless it is acknowledged.", default: defaults.failover.quietTime, examples: ["1h"] })
      .optional(),
    oldestCopy: duration
      .meta({ description: "The oldest copy that is taken over from without a person.", default: defaults.failover.oldestCopy, examples: ["24h"] })
      .optional(),
    offlineBoot: z
      .enum(["wait", "last-holder"])
      .meta({
        description:
          "A node that boots while the controller is silent: wait for it, or let the last holder start by itself if its peer confirms that it knows no higher epoch.",
        expected: "wait or last-holder",
        default: defaults.failover.offlineBoot,
        examples: ["last-holder"],
      })
      .optional(),
    selfFence: z
      .union([z.literal(false), duration])
      .meta({
        description: "A node that for this time reaches neither broker nor peer nor controller stops the service and silences its coordinator.",
        expected: "false or a duration",
        default: defaults.failover.selfFence,
        examples: ["60s"],
      })
      .optional(),
  })
  .meta({ description: "What happens when the active node is lost.", expected: "the failover's settings (after, …)" });

export const sync = z
  .strictObject({
    every: duration.meta({ description: "How often the standby's copy is made fresh.", default: defaults.sync.every, examples: ["5m"] }).optional(),
    afterChange: z
      .union([z.literal(false), duration])
      .meta({
        description:
          "When a device came, left or was bound: once nothing has changed for this time the copy is made fresh, at most once in twice this time. false: only as often as `every` says.",
        expected: "false or a duration",
        default: defaults.sync.afterChange,
        examples: ["30s"],
      })
      .optional(),
    preload: flag
      .meta({ description: "Write the idle standby's coordinator ahead of time, so that taking over is quick.", default: defaults.sync.preload })
      .optional(),
  })
  .meta({ description: "How the standby is kept fresh.", expected: "the sync's settings (every, afterChange, preload)" });

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

export const rotation = z
  .union([
    z.literal(false),
    z.strictObject({
      days: z
        .array(z.enum(WEEKDAYS))
        .min(1)
        .meta({ description: "Weekdays.", expected: "a list of weekdays such as [wed, sun]", default: [...defaults.rotation.days], examples: [["wed", "sun"]] })
        .optional(),
      at: z
        .string()
        .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
        .meta({ description: "Time of day, in quotes.", expected: 'a time such as "03:31"', default: defaults.rotation.at, examples: ["03:31"] })
        .optional(),
      timeZone: z
        .string()
        .refine(isTimeZone, { message: "is no time zone that is known here" })
        .meta({
          description: "The home's time zone. Without it: that of the machine that runs Understudy.",
          expected: "a time zone such as Europe/Berlin",
          examples: ["Europe/Berlin"],
        })
        .optional(),
    }),
  ])
  .meta({
    description: "The regular switchover that proves that the standby works. false: none.",
    expected: "false, or days, at and timeZone",
    examples: [{ days: ["wed", "sun"], at: "03:31" }],
  });

export type FailoverInput = z.input<typeof failover>;
export type SyncInput = z.input<typeof sync>;
export type RotationInput = z.input<typeof rotation>;

function isTimeZone(text: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
