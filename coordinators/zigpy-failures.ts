import { UnderstudyError, type ErrorId } from "../model/errors.ts";

/** What the node's script recognised in a tool's error output. The output itself, which may hold keys, stays on the node. */
export type ToolFailure = (typeof PATTERNS)[number]["word"] | "python-missing" | "unknown";

/** Which of zigpy-znp's tools failed. */
export type ToolStep = "read" | "reset" | "write" | "backup" | "restore" | "scan";

/** How zigpy-znp calls them. */
export const TOOLS: Readonly<Record<ToolStep, string>> = {
  read: "nvram_read",
  reset: "nvram_reset",
  write: "nvram_write",
  backup: "network_backup",
  restore: "network_restore",
  scan: "network_scan",
};

/** Those that change nothing. */
const READING: readonly ToolStep[] = ["read", "backup", "scan"];

/** Basic regular expressions, tried in this order: the first word found decides. */
export const PATTERNS = [
  { word: "tool-missing", pattern: "No module named" },
  {
    word: "busy",
    pattern:
      "locked by another application\\|Resource temporarily unavailable\\|Device or resource busy\\|Could not exclusively lock",
  },
  { word: "denied", pattern: "PermissionError" },
  {
    word: "missing",
    pattern:
      "No such file or directory\\|ConnectionRefusedError\\|could not open port\\|No such device\\|gaierror\\|No route to host",
  },
  { word: "corrupt", pattern: "NV_OPER_FAILED" },
  { word: "silent", pattern: "TimeoutError" },
] as const;

interface Facts {
  readonly node: string;
  readonly port: string;
  readonly python: string;
}

/** The error for a failed tool. `code` is its exit status, which the text shows where nothing better is known. */
export function toolError(facts: Facts, step: ToolStep, failure: ToolFailure, code: number): UnderstudyError {
  const { id, what, next } = explain(facts, step, failure, code);
  return new UnderstudyError(id, { node: facts.node, what, next });
}

/** The first known word in a script's error output, or what a shell's exit status says of a program it could not run. */
export function recognise(stderr: string, code: number): ToolFailure {
  if (code === 126 || code === 127) return "python-missing";
  return PATTERNS.find(({ word }) => stderr.split(/\s+/).includes(`znp:${word}`))?.word ?? "unknown";
}

function explain(
  facts: Facts,
  step: ToolStep,
  failure: ToolFailure,
  code: number,
): { id: ErrorId; what: string; next: string } {
  const { port, python } = facts;
  switch (failure) {
    case "tool-missing":
      return {
        id: "COORDINATOR_TOOL_MISSING",
        what: `zigpy-znp is not installed for ${python}.`,
        next: `on the node: ${python} -m pip install zigpy-znp`,
      };
    case "python-missing":
      return {
        id: "COORDINATOR_TOOL_MISSING",
        what: `${python} cannot be run.`,
        next: "install Python 3 and zigpy-znp on the node, or set the node's coordinator.python.",
      };
    case "busy":
      return {
        id: "COORDINATOR_BUSY",
        what: `Another program has the coordinator's port ${port}.`,
        next: "stop Zigbee2MQTT or whatever uses it on this node, then try again.",
      };
    case "denied":
      return {
        id: "PRIVILEGE_REFUSED",
        what: `The user may not open the coordinator's port ${port}.`,
        next: "add the user to the group that owns the port (dialout, uucp), or configure sudo or doas for the node.",
      };
    case "missing":
      return {
        id: "COORDINATOR_MISSING",
        what: `There is no coordinator at ${port}.`,
        next: "plug it in, or correct the path (compare with /dev/serial/by-id).",
      };
    case "corrupt":
      return {
        id: READING.includes(step) ? "COORDINATOR_UNREADABLE" : "COORDINATOR_WRITE_FAILED",
        what: `The coordinator at ${port} reports that its memory is damaged (NV_OPER_FAILED).`,
        next: "flash its firmware again, then enrol it anew.",
      };
    case "silent":
      return {
        id: READING.includes(step) ? "COORDINATOR_UNREADABLE" : "COORDINATOR_WRITE_FAILED",
        what: `The coordinator at ${port} stopped answering (${step}).`,
        next: "try again; if it stays so, unplug it and plug it in again.",
      };
    case "unknown":
      return {
        id: READING.includes(step) ? "COORDINATOR_UNREADABLE" : "COORDINATOR_WRITE_FAILED",
        what: `zigpy-znp's ${TOOLS[step]} on ${port} ended with status ${code}.`,
        next: `try again; if it stays so, run ${python} -m zigpy_znp.tools.nvram_read on the node and look at what it prints (it prints keys, too).`,
      };
  }
}
