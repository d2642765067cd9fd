import { z } from "zod";
import type { WantedBlock, WantedFile } from "./hooks.ts";

/**
 * What `setup` makes on a node, in the order in which it is made; `teardown` goes the other way. A manifest on the node
 * keeps what was made, so that exactly that is undone.
 */
export type Thing =
  | ({ readonly kind: "file"; readonly what: string } & WantedFile)
  | ({ readonly kind: "block"; readonly what: string } & WantedBlock)
  /** A service of the node's init system, started at boot. */
  | { readonly kind: "job"; readonly what: string; readonly name: string; readonly startNow: boolean }
  /** A key pair that is made on the node and whose private half never leaves it. */
  | { readonly kind: "key"; readonly what: string; readonly path: string }
  /** What another node's key may run here; undefined as long as that key is not made. */
  | {
      readonly kind: "line";
      readonly what: string;
      readonly path: string;
      /** Whose file it is. */
      readonly user: string;
      readonly line: string | undefined;
    };

const made = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("directory"), path: z.string() }),
  z.object({ kind: z.literal("file"), path: z.string(), sha256: z.string() }),
  /** `created`: the file was not there before, and goes when it is empty again. */
  z.object({ kind: z.literal("block"), path: z.string(), created: z.boolean() }),
  z.object({ kind: z.literal("job"), name: z.string() }),
  z.object({ kind: z.literal("key"), path: z.string() }),
  z.object({
    kind: z.literal("line"),
    path: z.string(),
    user: z.string(),
    line: z.string(),
    created: z.boolean(),
  }),
]);

/** One thing that was made. */
export type Made = z.infer<typeof made>;

export const manifestSchema = z.object({ format: z.literal(1), made: z.array(made) });
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** What tells two things apart. */
export function keyOf(thing: Thing | Made): string {
  if (thing.kind === "job") return `job ${thing.name}`;
  if (thing.kind === "line") return `line ${thing.path} ${thing.line ?? ""}`;
  return `${thing.kind} ${thing.path}`;
}
