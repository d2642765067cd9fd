import { isIPv6 } from "node:net";
import snmp from "net-snmp";
import type { Session, User, Varbind } from "net-snmp";
import type { SnmpAuth, SnmpLogin, SnmpPrivacy, SnmpRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { PowerState, PowerSwitch } from "./power-switch.ts";

/** One try after the first: a device on the home's network answers within milliseconds, or not at all. */
const REQUEST = { timeout: 1_000, retries: 1 };

const AUTH: Readonly<Record<SnmpAuth, snmp.AuthProtocols>> = {
  md5: snmp.AuthProtocols.md5,
  sha: snmp.AuthProtocols.sha,
  sha224: snmp.AuthProtocols.sha224,
  sha256: snmp.AuthProtocols.sha256,
  sha384: snmp.AuthProtocols.sha384,
  sha512: snmp.AuthProtocols.sha512,
};
const PRIVACY: Readonly<Record<SnmpPrivacy, snmp.PrivProtocols>> = {
  des: snmp.PrivProtocols.des,
  aes: snmp.PrivProtocols.aes,
  aes256b: snmp.PrivProtocols.aes256b,
  aes256r: snmp.PrivProtocols.aes256r,
};

/** An outlet of a PDU, a port of a switch, or any integer by SNMP v2c or v3: RFC 3416 SetRequest and GetRequest. */
export function snmpSwitch(rung: SnmpRung, patience = REQUEST): PowerSwitch {
  const { at } = rung;
  const ask: Ask = { rung, patience };
  return {
    async set(state, signal) {
      const value = state === "off" ? at.off : at.on;
      const order = [{ oid: at.oid, type: snmp.ObjectType.Integer, value }];
      await request(ask, signal, (session, done) => session.set(order, done));
    },
    async read(signal) {
      const answer = await request(ask, signal, (session, done) => session.get([at.statusOid], done));
      return stateOf(rung, answer);
    },
  };
}

function stateOf({ at }: SnmpRung, answer: Varbind): PowerState {
  if (answer.value === at.statusOff) return "off";
  if (answer.value === at.statusOn) return "on";
  throw failed(
    "It reads neither on nor off.",
    "compare the OID and its integers with the device's MIB; it may also be about to switch, or in an alarm.",
  );
}

interface Ask {
  readonly rung: SnmpRung;
  readonly patience: typeof REQUEST;
}

type Done = (error: Error | null, varbinds?: Varbind[]) => void;

/** One request in a session of its own, which ends with it or with the signal. */
async function request(
  { rung, patience }: Ask,
  signal: AbortSignal,
  send: (session: Session, done: Done) => void,
): Promise<Varbind> {
  signal.throwIfAborted();
  const session = openSession(rung, patience);
  const { promise, resolve, reject } = Promise.withResolvers<Varbind>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", abort);
  // Without a listener an error of its socket would end the process.
  session.on("error", (error) => reject(explain(rung, error)));
  try {
    send(session, (error, varbinds) => {
      const [first] = varbinds ?? [];
      if (error) reject(explain(rung, error));
      else if (!first || snmp.isVarbindError(first)) reject(failed("It has no such outlet or object.", MAPPING));
      else resolve(first);
    });
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    session.close();
  }
}

const MAPPING = "compare preset, outlet or OID with the device's own page.";

function openSession({ host, port, login }: SnmpRung, patience: typeof REQUEST): Session {
  const options = { ...patience, backoff: 1, port, transport: isIPv6(host) ? ("udp6" as const) : ("udp4" as const) };
  if (login.version === "3") return snmp.createV3Session(host, userOf(login), options);
  return snmp.createSession(host, login.community ?? "", { ...options, version: snmp.Version2c });
}

function userOf({ user, auth, privacy }: SnmpLogin & { version: "3" }): User {
  const { noAuthNoPriv, authNoPriv, authPriv } = snmp.SecurityLevel;
  return {
    name: user,
    level: privacy ? authPriv : auth ? authNoPriv : noAuthNoPriv,
    ...(auth ? { authProtocol: AUTH[auth.protocol], authKey: auth.password ?? "" } : {}),
    ...(privacy ? { privProtocol: PRIVACY[privacy.protocol], privKey: privacy.password ?? "" } : {}),
  };
}

/** An agent that does not know the community stays silent; the library's own words may hold what belongs in no log. */
function explain({ host, port, login }: SnmpRung, error: Error): UnderstudyError {
  if (error.name === "RequestTimedOutError")
    return failed(
      `The device at ${host} does not answer SNMP on port ${port}${login.version === "2c" ? ", or does not know the community" : ", or does not know the user with these passwords"}.`,
      "see that it is reachable from the machine that runs Understudy, and that SNMP is switched on there.",
    );
  if (error instanceof snmp.RequestFailedError)
    return failed(
      `The device at ${host} refuses the request (${snmp.ErrorStatus[error.status] ?? "unknown reason"}).`,
      "give the community or user the right to write, and compare preset, outlet or OID with the device's own page.",
    );
  if (error instanceof snmp.ResponseInvalidError && login.version === "3")
    return failed(
      `The device at ${host} and Understudy do not agree on the SNMP v3 user.`,
      "compare user, auth and privacy with those on the device.",
    );
  return failed(`The device at ${host} cannot be asked by SNMP.`, "see that its address is right and reachable.");
}

function failed(what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { what, next });
}
