import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import proto from "@temporalio/proto";

/** Recorded runs of the workflows; record-histories.ts makes them. */
export const HISTORIES = join(import.meta.dirname, "histories");

const { History } = proto.temporal.api.history.v1;
type History = ReturnType<typeof History.fromObject>;

export interface Recorded {
  readonly name: string;
  readonly workflowId: string;
  readonly history: History;
}

/** Who recorded it, and where its files were: of no use for a replay. */
const PERSONAL = ["identity", "stackTrace"];

/** One event a line. Not in the form of `temporal workflow show`, which the SDK reads only where npm installed protobufjs once. */
export async function writeHistory({
  name,
  workflowId,
  history,
}: Omit<Recorded, "history"> & { history: object }): Promise<number> {
  const { events } = History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String }) as {
    events: object[];
  };
  const lines = events.map((event) =>
    JSON.stringify(event, (key, value: unknown) => (PERSONAL.includes(key) ? undefined : value)),
  );
  const text = `{"workflowId":${JSON.stringify(workflowId)},"events":[\n${lines.join(",\n")}\n]}\n`;
  await writeFile(join(HISTORIES, `${name}.json`), text);
  return events.length;
}

export async function readHistories(): Promise<Recorded[]> {
  const files = (await readdir(HISTORIES)).filter((file) => file.endsWith(".json")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const { workflowId, events } = JSON.parse(await readFile(join(HISTORIES, file), "utf8")) as {
        workflowId: string;
        events: object[];
      };
      return { name: file.replace(/\.json$/, ""), workflowId, history: History.fromObject({ events }) };
    }),
  );
}
