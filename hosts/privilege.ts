import type { Privilege } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { loaderCommand } from "./remote-program.ts";

/** How the loader is started on the node. */
export interface Launch {
  readonly command: string;
  /** Written before anything else: sudo's password, which the loader discards if sudo did not want it. */
  readonly firstLine: string;
  /** Printed by sudo whenever it wants a password. A second time means that the first one was wrong. */
  readonly prompt?: string;
  /** Whether sudo or doas stands in between, so that a failed start is their refusal. */
  readonly throughTool: boolean;
}

/** Messages are asked for in English, because they are told apart below. `exec` and `env` exist for every login shell. */
const ENGLISH = "exec env LC_MESSAGES=C LANGUAGE=C";

/** The line for the login shell. With privilege "none" the login itself is what it needs to be. */
export function launch(privilege: Privilege, nonce: string): Launch {
  const loader = loaderCommand(nonce);
  if (privilege.kind === "none") return { command: `exec ${loader}`, firstLine: "", throughTool: false };
  if (privilege.kind === "doas") return { command: `${ENGLISH} doas -n ${loader}`, firstLine: "", throughTool: true };
  if (privilege.password === undefined)
    return { command: `${ENGLISH} sudo -n -- ${loader}`, firstLine: "", throughTool: true };
  const prompt = `password-for-${nonce.slice(-8)}:`;
  return {
    command: `${ENGLISH} sudo -S -p ${prompt} -- ${loader}`,
    firstLine: `${privilege.password}\n`,
    prompt,
    throughTool: true,
  };
}

const REASONS: readonly {
  readonly pattern: RegExp;
  readonly what: (tool: string) => string;
  readonly next: (tool: string, user: string) => string;
}[] = [
  {
    pattern: /not found|no such file/i,
    what: (tool) => `${tool} is not installed.`,
    next: (tool) => `install ${tool} on the node, log in as root, or set another privilege for it in understudy.yaml.`,
  },
  {
    pattern: /must have a tty|tty is required|no tty present/i,
    what: (tool) => `${tool} demands a terminal.`,
    next: (tool, user) =>
      tool === "sudo"
        ? `add "Defaults:${user} !requiretty" with visudo on the node.`
        : `permit ${user} in doas.conf with nopass.`,
  },
  {
    pattern: /not in the sudoers|not allowed to|not permitted|may not run/i,
    what: (tool) => `${tool}'s rules do not allow this user to run sh as root.`,
    next: (tool, user) =>
      tool === "sudo"
        ? `add "${user} ALL=(root) NOPASSWD: ALL" with visudo on the node.`
        : `add "permit nopass ${user} as root" to doas.conf.`,
  },
  {
    pattern: /password is required|authentication (is )?required|authentication failed/i,
    what: (tool) => `${tool} asks for a password, and none is configured.`,
    next: (tool, user) =>
      tool === "sudo"
        ? `set the sudo password for this node, or add "${user} ALL=(root) NOPASSWD: ALL" with visudo.`
        : `add "permit nopass ${user} as root" to doas.conf.`,
  },
  {
    pattern: /incorrect password|no password was provided|try again/i,
    what: (tool) => `${tool} refused the configured password.`,
    next: () => "correct the sudo password for this node; mind that it is the one of the user that logs in.",
  },
];

/** Why sudo or doas did not let us in, judged by what it printed, which itself is not passed on. Nothing ran. */
export function privilegeRefused(node: string, user: string, privilege: Privilege, printed: string): UnderstudyError {
  const tool = privilege.kind;
  const reason = REASONS.find(({ pattern }) => pattern.test(printed));
  return new UnderstudyError("PRIVILEGE_REFUSED", {
    node,
    what: reason ? reason.what(tool) : `${tool} did not start a shell as root.`,
    next: reason ? reason.next(tool, user) : `try it on the node as ${user}: ${tool} -n sh -c true`,
  });
}

/** For the second prompt, which comes before sudo says anything. */
export const WRONG_PASSWORD = "incorrect password";
