import { posix } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { notUnderstood, type NodeContext } from "./found.ts";
import { readNodeFile } from "./read-node-file.ts";

/** A home with 300 devices in one file has about a third of this. */
const LARGEST_CONFIGURATION = 1024 * 1024;

const text = z.union([z.string(), z.number().transform(String)]).nullish();
const scalar = z.union([z.string(), z.number(), z.boolean()]).nullish();

/** The part of Zigbee2MQTT's configuration.yaml that Understudy reads. Everything else may be whatever it is. */
const configurationSchema = z.object({
  mqtt: z
    .object({
      server: z.string().nullish(),
      user: text,
      password: text,
      ca: z.string().nullish(),
      cert: z.string().nullish(),
      client_id: text,
      reject_unauthorized: z.boolean().nullish(),
      base_topic: z.string().nullish(),
    })
    .nullish(),
  serial: z
    .object({
      port: z.string().nullish(),
      adapter: z.string().nullish(),
      baudrate: z.number().nullish(),
      rtscts: z.boolean().nullish(),
    })
    .nullish(),
  // Zigbee2MQTT 1.x also wrote `frontend: true`.
  frontend: z.union([z.boolean().transform(() => ({})), z.object({ host: scalar, port: scalar })]).nullish(),
});

/** What one node's configuration.yaml says, references to other files already followed. */
export interface Zigbee2MqttConfiguration {
  /** Path of the file on the node. */
  readonly file: string;
  readonly mqtt: {
    readonly server?: string;
    readonly user?: string;
    readonly password?: string;
    /** CA file on the node. */
    readonly ca?: string;
    /** Client certificate on the node. */
    readonly cert?: string;
    readonly clientId?: string;
    readonly rejectUnauthorized?: boolean;
    readonly baseTopic?: string;
  };
  readonly serial: {
    readonly port?: string;
    readonly adapter?: string;
    readonly baudrate?: number;
    readonly rtscts?: boolean;
  };
  readonly frontend: { readonly host?: string | number | boolean; readonly port?: string | number | boolean };
}

/** Reads the configuration in a data directory; undefined on a standby that has none yet. */
export async function readZigbee2MqttConfiguration(
  context: NodeContext,
  dataDirectory: string,
): Promise<Zigbee2MqttConfiguration | undefined> {
  const file = posix.join(dataDirectory, "configuration.yaml");
  const content = await readNodeFile(context, file, LARGEST_CONFIGURATION);
  if (content === undefined) return undefined;
  const parsed = configurationSchema.safeParse(parseYaml(context, file, content) ?? {});
  if (!parsed.success) {
    const keys = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".")))].map((key) =>
      key === "" ? "the file itself" : key,
    );
    throw notUnderstood(
      context.node.name,
      `${file} has values of the wrong kind: ${keys.join(", ")}.`,
      `correct them on the node, or see what Zigbee2MQTT says about its configuration.`,
    );
  }
  const { mqtt, serial, frontend } = parsed.data;
  const follow = referenceReader(context, dataDirectory);
  return {
    file,
    mqtt: {
      server: await follow("mqtt.server", mqtt?.server),
      user: await follow("mqtt.user", mqtt?.user),
      password: await follow("mqtt.password", mqtt?.password),
      ca: mqtt?.ca ?? undefined,
      cert: mqtt?.cert ?? undefined,
      clientId: mqtt?.client_id ?? undefined,
      rejectUnauthorized: mqtt?.reject_unauthorized ?? undefined,
      baseTopic: mqtt?.base_topic ?? undefined,
    },
    serial: withoutNulls(serial ?? {}),
    frontend: withoutNulls(frontend ?? {}),
  };
}

/** As Zigbee2MQTT's parser reads it: merge keys are known, a key may not be there twice, an unknown tag is an error. */
function parseYaml(context: NodeContext, file: string, content: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter, prettyErrors: false, merge: true });
  const error = document.errors[0] ?? document.warnings[0];
  if (error) {
    const { line } = lineCounter.linePos(error.pos[0]);
    const mend =
      error.code === "TAG_RESOLVE_FAILED"
        ? "put the value that begins with ! in quotes"
        : "correct the line, or restore the file from a backup or a generation of Understudy";
    throw notUnderstood(context.node.name, `${file} is not valid YAML (line ${line}).`, `${mend}.`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw notUnderstood(context.node.name, `${file} refers to itself too often.`, "write the repeated parts out.");
  }
}

/**
 * Zigbee2MQTT lets server, user and password stand in another file of its data directory: '!secret.yaml key', or
 * '!secret key' with `.yaml` left out. Returns a function that follows such a reference and passes other values on.
 */
function referenceReader(
  context: NodeContext,
  dataDirectory: string,
): (key: string, value: string | null | undefined) => Promise<string | undefined> {
  return async (key, value) => {
    const match = value === null || value === undefined ? null : /!(.*) (.*)/.exec(value);
    const name = match?.[1];
    const entry = match?.[2];
    if (name === undefined || entry === undefined) return value ?? undefined;
    // The file is read as root and its content goes to the broker: it must be one of Zigbee2MQTT's own.
    if (name.startsWith("/") || name.split("/").includes("..") || name === "") {
      throw notUnderstood(
        context.node.name,
        `${key} in ${dataDirectory}/configuration.yaml refers to a file outside the data directory.`,
        `move the file into it, or set ${settingFor(key)} in understudy.yaml.`,
      );
    }
    const file = posix.join(dataDirectory, /\.ya?ml$/.test(name) ? name : `${name}.yaml`);
    const content = await readNodeFile(context, file, LARGEST_CONFIGURATION);
    const values = content === undefined ? undefined : parseYaml(context, file, content);
    const found =
      typeof values === "object" && values !== null && Object.hasOwn(values, entry)
        ? (values as Record<string, unknown>)[entry]
        : undefined;
    if (typeof found !== "string" && typeof found !== "number") {
      const why = content === undefined ? "does not exist" : "does not have the text that it refers to";
      throw notUnderstood(
        context.node.name,
        `${key} in ${dataDirectory}/configuration.yaml refers to ${file}, which ${why}.`,
        `correct the reference, or set ${settingFor(key)} in understudy.yaml.`,
      );
    }
    return String(found);
  };
}

/** `mqtt.user` is called the same in both files. */
function settingFor(key: string): string {
  return `${key} of the service`;
}

function withoutNulls<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], null>;
  };
}
