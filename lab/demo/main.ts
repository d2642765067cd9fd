/**
 * `npm run demo [-- --once]`: a whole home without hardware, one switchover, and what came of it. Ends by itself without
 * a terminal or with --once: exit code 0 only if everything held, the last line one JSON object. Ctrl-C ends it any time
 * and leaves nothing behind.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createHome } from "../home/create-home.ts";
import type { Home } from "../home/home.ts";
import { measureOutage, Switching } from "../home/outage.ts";
import { Narrator } from "./narrator.ts";
import { UnderstudyProgram } from "./understudy-program.ts";
import { complaints } from "./verdict.ts";
import type { DemoResult } from "./verdict.ts";

const DEVICES = 12;
const SWITCHOVER = ["switchover", "--yes", "--enrol-blank-stick"] as const;
const READY_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 60_000;
/** How long the reader sees the light being switched before the handover. */
const BEFORE_MS = 3000;

type Cleaning = () => Promise<void>;

const narrator = new Narrator();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
const code = await demo(process.argv.includes("--once") || !process.stdout.isTTY);
// Whoever pressed Ctrl-C must not wait for a handle that something forgot.
process.exit(code);

async function demo(once: boolean): Promise<number> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "understudy-demo-"));
  const cleaning: Cleaning[] = [];
  let result: DemoResult | undefined;
  let code = 1;
  try {
    const { home, understudy } = await bringUp(directory, cleaning);
    result = await switchOver(home, understudy);
    conclude(result);
    code = complaints(result).length === 0 ? 0 : 1;
    if (!once) await stayUp(home);
  } catch (error) {
    if (stop.signal.aborted) code = 130;
    else narrator.line(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  narrator.line("Cleaning up.");
  for (const clean of cleaning.toReversed()) {
    await clean().catch((error: unknown) => narrator.line(`Not cleaned up: ${String(error)}`));
  }
  if (result) narrator.plain(JSON.stringify(result));
  return code;
}

async function bringUp(
  directory: string,
  cleaning: Cleaning[],
): Promise<{ home: Home; understudy: UnderstudyProgram }> {
  narrator.heading("A home with two Zigbee2MQTT nodes and twelve devices");
  const home = await createHome({
    directory,
    devices: DEVICES,
    timing: "full",
    fresh: true,
    progress: (text) => narrator.line(text),
    signal: stop.signal,
  });
  cleaning.push(() => home.stop());

  narrator.heading("Understudy");
  const understudy = new UnderstudyProgram(home.configFile, home.environment, path.join(directory, "understudy.log"));
  cleaning.push(() => understudy.stop());
  await understudy.start(READY_WITHIN_MS, stop.signal);
  narrator.line("understudy start: Temporal's server and the worker are up.");
  narrator.plain(`          Temporal UI: ${home.temporalUiUrl}`);
  narrator.plain(`          Zigbee2MQTT's frontend on node a: ${home.node("a").frontendUrl}`);
  await understudy.run(["status"], { onLine: (line) => narrator.plain(`          ${line}`), signal: stop.signal });
  return { home, understudy };
}

async function switchOver(home: Home, understudy: UnderstudyProgram): Promise<DemoResult> {
  const light = home.light(0);
  narrator.heading(`The switchover, while ${light.name} is switched on and off every 50 ms`);
  const before = home.facts();
  const answers = home.watchAnswers("b");
  const switching = new Switching(home.mqtt, light.name);
  try {
    await delay(BEFORE_MS, undefined, { signal: stop.signal });
    narrator.line(`${light.name} has received ${light.radio.received.length} commands through node a.`);
    narrator.line(`$ understudy ${SWITCHOVER.join(" ")}   # node b's stick is new and blank`);
    const { code } = await understudy.run(SWITCHOVER, {
      onLine: (line) => narrator.plain(`          ${line}`),
      signal: stop.signal,
    });
    stop.signal.throwIfAborted();
    narrator.line(`understudy switchover ended with exit code ${code}.`);
    if (code === 0) await answers.wait(ANSWER_WITHIN_MS, stop.signal);
    const after = home.facts();
    return {
      outageMs:
        measureOutage(light.radio.received, home.node("a").dongle.name, home.node("b").dongle.name)?.outageMs ?? null,
      devices: DEVICES,
      answered: answers.answers.length,
      answeredWithinMs: answers.complete
        ? Math.round(Math.max(...answers.answers.map(({ afterStartMs }) => afterStartMs)))
        : null,
      rejoined: after.rejoined - before.rejoined,
      doubleActiveMs: Math.round(after.doubleActiveMs),
      counterViolations: after.counterViolations,
      switchoverExitCode: code,
    };
  } finally {
    await answers.stop();
    await switching.stop();
  }
}

async function stayUp(home: Home): Promise<void> {
  narrator.heading("It stays up until Ctrl-C. In another terminal:");
  narrator.plain(`  export UNDERSTUDY_CONFIG=${home.configFile}`);
  narrator.plain("  npm run understudy -- status");
  narrator.plain("  npm run understudy -- switchover        # and back again");
  narrator.plain("  npm run understudy -- history");
  narrator.plain(`  Temporal UI: ${home.temporalUiUrl}`);
  for (const node of home.nodes.filter(({ zigbee2mqtt }) => zigbee2mqtt.running)) {
    narrator.plain(`  Zigbee2MQTT's frontend on node ${node.name}: ${node.frontendUrl}`);
  }
  await new Promise<void>((resolve) => {
    // A timer, because a pending promise alone does not keep a process alive.
    const alive = setInterval(() => undefined, 60_000);
    stop.signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}

function conclude(result: DemoResult): void {
  narrator.heading("What came of it");
  const { outageMs, devices, answered, answeredWithinMs } = result;
  if (outageMs !== null) narrator.line(`The light obeyed nobody for ${(outageMs / 1000).toFixed(1)} s.`);
  const within =
    answeredWithinMs === null ? "" : `, the last ${(answeredWithinMs / 1000).toFixed(1)} s after the start`;
  narrator.line(`${answered} of ${devices} devices answered or reported through node b${within}.`);
  narrator.line(`Joined again: ${result.rejoined}. Two coordinators on the air: ${result.doubleActiveMs} ms.`);
  for (const complaint of complaints(result)) narrator.line(`NOT AS IT SHOULD BE: ${complaint}`);
}
