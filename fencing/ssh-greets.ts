import { connect } from "node:net";
import type { SshTarget } from "../config/effective.ts";

/**
 * Whether an SSH server greets us within `timeoutMs`. A frozen host still accepts connections, but says nothing. `unknown`
 * behind a jump host, where it cannot be asked directly.
 */
export function sshGreets(target: SshTarget, timeoutMs: number): Promise<"yes" | "no" | "unknown"> {
  if (target.jump) return Promise.resolve("unknown");
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port });
    const end = (greeted: "yes" | "no") => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    const timer = setTimeout(() => end("no"), timeoutMs);
    socket.once("data", (greeting: Buffer) => end(greeting.subarray(0, 4).equals(Buffer.from("SSH-")) ? "yes" : "no"));
    socket.on("error", () => end("no"));
    socket.on("end", () => end("no"));
  });
}
