import type { KeyPair } from "../hosts/keys.ts";
import { createNamespaceHost } from "./host.ts";
import type { NamespaceHost } from "./host.ts";
import type { NamespaceNetwork } from "./network.ts";
import { mosquittoService, sshdService } from "./services.ts";

export interface MosquittoHostOptions {
  readonly network: NamespaceNetwork;
  /** The host's directory on this machine. */
  readonly directory: string;
  readonly authorizedKey: KeyPair;
  /** Without them anyone may connect. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Default "broker". */
  readonly name?: string;
}

export interface MosquittoHost {
  readonly host: NamespaceHost;
  /** mqtt://address:1883, the same for the hosts and for this process. */
  readonly url: string;
}

/** The home's third machine: real Mosquitto under real OpenRC, and sshd. Resolves when Mosquitto has been started. */
export async function createMosquittoHost(options: MosquittoHostOptions): Promise<MosquittoHost> {
  const host = await createNamespaceHost({
    name: options.name ?? "broker",
    network: options.network,
    directory: options.directory,
    authorizedKey: options.authorizedKey,
    services: [await sshdService(), await mosquittoService({ credentials: options.credentials })],
    megabytes: 32,
  });
  return { host, url: `mqtt://${host.address}:1883` };
}
