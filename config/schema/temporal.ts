import { z } from "zod";
import { DEFAULTS } from "../defaults.ts";
import { localPath, secret, tcpPort } from "./values.ts";

const tls = z
  .strictObject({
    ca: localPath.meta({ description: "CA certificate of the server (PEM).", examples: ["temporal-ca.pem"] }).optional(),
    cert: localPath.meta({ description: "Client certificate (PEM).", examples: ["client.pem"] }).optional(),
    key: localPath.meta({ description: "Client key (PEM).", examples: ["client.key"] }).optional(),
    serverName: z.string().min(1).meta({ description: "Name expected in the server's certificate.", expected: "a name" }).optional(),
  })
  .meta({ description: "TLS to the Temporal server. `{}` for TLS with the system's CAs.", expected: "TLS settings (ca, cert, key, serverName)" });

const word = z.string().regex(/^[^\s/]{1,255}$/);

export const temporal = z
  .strictObject({
    address: z
      .string()
      .regex(/^[^\s/@]+:[0-9]{1,5}$/)
      .meta({
        description: "A Temporal server of yours. TEMPORAL_ADDRESS and Temporal's profiles go before it; without any of them Understudy runs its own.",
        expected: "host:port",
        examples: ["temporal.example:7233"],
      })
      .optional(),
    namespace: word
      .meta({ description: "Temporal namespace.", expected: "a namespace's name", default: DEFAULTS.temporal.namespace, examples: ["home"] })
      .optional(),
    taskQueue: word
      .meta({ description: "Task queue of Understudy's workers.", expected: "a queue's name", default: DEFAULTS.temporal.taskQueue, examples: ["understudy"] })
      .optional(),
    profile: word.meta({ description: "Profile of Temporal's configuration file.", expected: "a profile's name", examples: ["default"] }).optional(),
    apiKey: secret.meta({ description: "API key of the Temporal server." }).optional(),
    tls: tls.optional(),
    port: tcpPort.meta({ description: "Own server: its port, on 127.0.0.1.", default: DEFAULTS.temporal.port, examples: [7233] }).optional(),
    uiPort: tcpPort.meta({ description: "Own server: the web interface's port.", default: DEFAULTS.temporal.uiPort, examples: [8233] }).optional(),
    executable: localPath
      .meta({ description: "Own server: Temporal's command line. Without it: `temporal` on PATH.", examples: ["/usr/local/bin/temporal"] })
      .optional(),
    dataDirectory: localPath
      .meta({ description: "Own server: where its database is.", default: DEFAULTS.temporal.dataDirectory, examples: ["/var/lib/understudy/temporal"] })
      .optional(),
  })
  .meta({ description: "Temporal, which holds the state.", expected: "Temporal's settings (address, namespace, …)" });

export type TemporalInput = z.input<typeof temporal>;
