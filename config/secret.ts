import { readFile, stat } from "node:fs/promises";
import { systemCode } from "./system-error.ts";

export type SecretInput = string | { env: string } | { file: string };

export type SecretResult = { readonly value: string } | { readonly wrong: string; readonly mend: string };

const LARGEST_SECRET = 4096;

/** Container runtimes mount their secrets here with modes of their own. */
const MOUNTED_SECRETS = /^(\/var)?\/run\/secrets\//;

/** Reads a secret. `resolvePath` makes a path absolute. A failure is told without anything of the content. */
export async function readSecret(input: SecretInput, resolvePath: (path: string) => string): Promise<SecretResult> {
  if (typeof input === "string") return { value: input };
  if ("env" in input) return fromEnvironment(input.env);
  const path = resolvePath(input.file);
  const refused = await checkPrivateFile(path);
  if (refused) return refused;
  const text = (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  if (text === "") return { wrong: `refers to ${path}, which is empty`, mend: "write the secret into the file" };
  if (/[\n\r\0]/.test(text))
    return {
      wrong: `refers to ${path}, which has more than one line`,
      mend: "leave nothing but the secret in the file",
    };
  return { value: text };
}

function fromEnvironment(name: string): SecretResult {
  const value = process.env[name];
  if (value === undefined)
    return {
      wrong: `refers to the environment variable ${name}, which is not set`,
      mend: `set ${name}, or use { file: path }`,
    };
  if (value === "")
    return { wrong: `refers to the environment variable ${name}, which is empty`, mend: `give ${name} a value` };
  return { value };
}

/** Why a file with a secret (a password, a private key) cannot be used; undefined where it can. */
export async function checkPrivateFile(path: string): Promise<{ wrong: string; mend: string } | undefined> {
  const readable = await checkReadable(path, LARGEST_SECRET * 8);
  if (readable) return readable;
  const { mode } = await stat(path);
  const open = (mode & 0o007) !== 0 || (mode & 0o020) !== 0;
  if (!open || MOUNTED_SECRETS.test(path)) return undefined;
  return {
    wrong: `refers to ${path}, which others may use (mode ${(mode & 0o777).toString(8).padStart(4, "0")})`,
    mend: `run \`chmod 600 ${path}\``,
  };
}

/** Why a file cannot be read; undefined where it can. `largest` in bytes. */
export async function checkReadable(
  path: string,
  largest: number,
): Promise<{ wrong: string; mend: string } | undefined> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return { wrong: `refers to ${path}, which is not a file`, mend: "name a file" };
    if (facts.size > largest)
      return { wrong: `refers to ${path}, which is larger than ${largest} bytes`, mend: "name the right file" };
    await readFile(path);
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR")
      return {
        wrong: `refers to ${path}, which does not exist`,
        mend: "create the file, or correct the path (relative paths begin at the directory of understudy.yaml)",
      };
    if (code === "EACCES" || code === "EPERM")
      return {
        wrong: `refers to ${path}, which this user may not read`,
        mend: `let the user that runs Understudy read it`,
      };
    return { wrong: `refers to ${path}, which cannot be read (${code})`, mend: "check the file" };
  }
}
