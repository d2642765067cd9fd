import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Makes a path of understudy.yaml absolute: `~` is the user's home, anything relative begins at the file's directory. */
export function resolveLocalPath(file: string, path: string): string {
  if (path === "~") return homedir();
  if (path.startsWith("~/")) return join(homedir(), path.slice(2));
  return resolve(dirname(file), path);
}
