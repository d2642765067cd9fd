import { notUnderstood, type NodeContext } from "./found.ts";

const ABSENT = 10;
const UNREADABLE = 11;
const NOT_A_FILE = 12;

/** Standard output is the file itself, at most `$2` bytes of it. */
const READ_SCRIPT = `
[ -e "$1" ] || exit ${ABSENT}
[ -f "$1" ] || exit ${NOT_A_FILE}
[ -r "$1" ] || exit ${UNREADABLE}
exec head -c "$2" "$1"
`;

/** A text file of the node, undefined where there is none. `largest` in bytes; a larger one is an error, not cut short. */
export async function readNodeFile(context: NodeContext, path: string, largest: number): Promise<string | undefined> {
  const result = await context.host.run(READ_SCRIPT, { args: [path, String(largest + 1)], privileged: true });
  const refuse = (what: string, next: string): Error => notUnderstood(context.node.name, `${path} ${what}.`, next);
  switch (result.code) {
    case 0:
      break;
    case ABSENT:
      return undefined;
    case UNREADABLE:
      throw refuse(
        "may not be read by the user that logs in",
        "let that user read it, or configure sudo or doas for the node.",
      );
    case NOT_A_FILE:
      throw refuse("is not a file", "look at it on the node.");
    default:
      throw refuse(`cannot be read (status ${result.code})`, "look at it on the node.");
  }
  if (result.stdout.length > largest)
    throw refuse(`is larger than ${Math.round(largest / 1024)} KiB`, "check that it is what Zigbee2MQTT uses.");
  const text = decodeText(result.stdout);
  if (text === undefined)
    throw refuse("is not a text in UTF-8", "restore it from a backup, or from a generation of Understudy.");
  return text;
}

/** Undefined for what is no text: other bytes than UTF-8, or the NULs that a power loss leaves in a file. */
function decodeText(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
