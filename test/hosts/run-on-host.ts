/** A worker of its own, to be killed by a test: runs a script on a host. Arguments: the target as JSON, the script, its argument. */
import type { SshTarget } from "../../config/effective.ts";
import { connectHost } from "../../hosts/ssh-host.ts";

const [target = "", script = "", argument = ""] = process.argv.slice(2);
const host = connectHost({ name: "kitchen", ssh: JSON.parse(target) as SshTarget, privilege: { kind: "none" } });
await host.run(script, { args: [argument], timeoutMs: 60_000 });
