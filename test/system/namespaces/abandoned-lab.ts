import { join } from "node:path";
import { createOpenSshKeyPair } from "../../../lab/namespaces/keys.ts";
import { createNamespaceHost } from "../../../lab/namespaces/host.ts";
import { createNamespaceNetwork } from "../../../lab/namespaces/network.ts";
import { sshdService } from "../../../lab/namespaces/services.ts";

// A lab that is to be killed: makes a host in the directory of its first argument, prints its names, and stays.
const network = await createNamespaceNetwork();
const host = await createNamespaceHost({
  name: "node-a",
  network,
  directory: join(process.argv[2] ?? "", "node-a"),
  authorizedKey: createOpenSshKeyPair(),
  services: [await sshdService()],
});
console.log(JSON.stringify({ prefix: network.prefix, pids: host.processes().map(({ pid }) => pid) }));
setInterval(() => {}, 1000);
