export interface Secret {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Between the numbers of one list: spaces, commas, dashes, quotes, brackets, line breaks with their indentation. */
const BETWEEN = "[^0-9A-Za-z]{1,60}";
/** Between two bytes in hex: nothing, or a separator, and perhaps 0x or \x. */
const BETWEEN_HEX = "[^0-9A-Za-z]{0,8}(?:0x|x)?";
const BASE64 = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/**
 * Names each secret and the form in which it stands somewhere in the text or bytes: raw, hex in either case and with or without
 * separators, lists of decimal numbers (JSON, YAML, …), base64 of either alphabet at any of the three offsets; each also
 * from the last byte to the first, and within what is itself base64. Returns no value of a secret.
 */
export function findSecrets(haystack: Buffer | string, secrets: readonly Secret[]): string[] {
  const bytes = typeof haystack === "string" ? Buffer.from(haystack) : haystack;
  const text = bytes.toString("latin1");
  const inner = Buffer.concat([...text.matchAll(BASE64)].map(([run]) => Buffer.from(run, "base64"))).toString("latin1");
  return secrets.flatMap(({ name, bytes: secret }) =>
    formsOf(secret).flatMap(({ form, pattern }) => [
      ...(pattern.test(text) ? [`${name} as ${form}`] : []),
      ...(pattern.test(inner) ? [`${name} as ${form}, in base64`] : []),
    ]),
  );
}

function formsOf(secret: Buffer): { form: string; pattern: RegExp }[] {
  const reversed = Buffer.from(secret.toReversed());
  return [...formsInOrder(secret, ""), ...formsInOrder(reversed, " in reverse")];
}

function formsInOrder(secret: Buffer, order: string): { form: string; pattern: RegExp }[] {
  const bytes = [...secret];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
  return [
    { form: `raw bytes${order}`, pattern: new RegExp(quoted(secret.toString("latin1"))) },
    { form: `hex${order}`, pattern: new RegExp(hex.join(BETWEEN_HEX), "i") },
    {
      form: `decimal numbers${order}`,
      pattern: new RegExp(`(?<![0-9])${bytes.map((byte) => `0{0,2}${byte}`).join(BETWEEN)}(?![0-9])`),
    },
    ...[0, 1, 2].map((offset) => ({ form: `base64${order} at offset ${offset}`, pattern: base64At(secret, offset) })),
  ];
}

/** Only those characters that the secret alone decides; the first and the last ones depend on its neighbours. */
function base64At(secret: Buffer, offset: number): RegExp {
  const encoded = Buffer.concat([Buffer.alloc(offset), secret])
    .toString("base64")
    .replace(/=+$/, "");
  const decided = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
  const characters = Array.from(
    decided,
    (character) => ({ "+": "[+-]", "/": String.raw`[/_]` })[character] ?? character,
  );
  return new RegExp(characters.join(String.raw`(?:\s|\\n){0,2}`));
}

function quoted(text: string): string {
  return Array.from(text, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
}
