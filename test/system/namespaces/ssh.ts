import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyPair } from "../../../lab/hosts/keys.ts";
import { runCommand } from "../../../lab/namespaces/command.ts";
import type { CommandResult } from "../../../lab/namespaces/command.ts";

/** The real ssh client, with a key and a known_hosts file of its own and nothing of this machine's settings. */
export class SshClient {
  readonly #identityFile: string;
  readonly #knownHostsFile: string;

  private constructor(directory: string) {
    this.#identityFile = join(directory, "id_ed25519");
    this.#knownHostsFile = join(directory, "known_hosts");
  }

  static async create(directory: string, key: KeyPair, knownHosts: string): Promise<SshClient> {
    const client = new SshClient(directory);
    await writeFile(client.#identityFile, key.private, { mode: 0o600 });
    await writeFile(client.#knownHostsFile, knownHosts);
    return client;
  }

  /** Runs a command as user@address. As ssh does, 255 means that it was not reached. */
  run(target: string, command: string, input?: string): Promise<CommandResult> {
    const options = [
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      "ConnectTimeout=2",
      `UserKnownHostsFile=${this.#knownHostsFile}`,
    ];
    return runCommand(
      "ssh",
      ["-F", "none", "-i", this.#identityFile, ...options.flatMap((option) => ["-o", option]), target, command],
      { input },
    );
  }
}
