import type { Air } from "../air/air.ts";
import { keyId } from "../air/radio-frame.ts";
import { ByteReader, ieeeFromBytes, u8 } from "./bytes.ts";
import { storedNetwork } from "./formation.ts";
import type { HostPort } from "./host-port.ts";
import { INCOMING_MESSAGE, afCommands, incomingMessage } from "./mt-af.ts";
import { appCnfCommands } from "./mt-app-cnf.ts";
import type { MtCommands, MtContext } from "./mt-command.ts";
import { MtFrameParser, encodeMtFrame, type MtFrame } from "./mt-frame.ts";
import { SUBSYSTEM } from "./mt-ids.ts";
import { RESET_INDICATION, resetIndication, sysCommands } from "./mt-sys.ts";
import { utilCommands } from "./mt-util.ts";
import { deviceAuthorized, leaveIndication, zdoCommands, zdoIndication } from "./mt-zdo.ts";
import { Nvram } from "./nvram.ts";
import { openPtyPort } from "./pty-port.ts";
import { SerialLine, type Timing } from "./serial-line.ts";
import { Stack } from "./stack.ts";
import type { StackEvents } from "./stack-host.ts";
import { openTcpPort } from "./tcp-port.ts";

const BOOT_MS = 1000;
const CONFIGURED = 0x55;
/** RPC errors: subsystem, command or length wrong. */
const RPC_ERROR = { SUBSYSTEM: 1, COMMAND: 2, LENGTH: 4 } as const;

const COMMANDS: Readonly<Record<number, MtCommands>> = {
  [SUBSYSTEM.SYS]: sysCommands,
  [SUBSYSTEM.AF]: afCommands,
  [SUBSYSTEM.ZDO]: zdoCommands,
  [SUBSYSTEM.UTIL]: utilCommands,
  [SUBSYSTEM.APP_CNF]: appCnfCommands,
};

export interface DongleOptions {
  /** What the lab calls it; also in the air's records. */
  readonly name: string;
  /** Address in the chip's own flash, 16 hex digits with or without 0x. */
  readonly hardwareIeee: string;
  /** JSON file that is its flash; made when it does not exist, with the NVRAM of a new stick. */
  readonly stateFile: string;
  readonly timing: Timing;
  readonly air: Air;
  /** What it says of itself on USB; the lab's hosts show it. */
  readonly usb?: { readonly vendor: string; readonly product: string; readonly serialNumber: string };
}

/** What a test may look at. Nothing here is a secret. */
export interface DongleState {
  readonly onAir: boolean;
  /** UTIL_GET_DEVICE_INFO's: 0 held, 8 forming, 9 started. */
  readonly deviceState: number;
  /** Whether a host has marked it as configured (HAS_CONFIGURED_ZSTACK3). */
  readonly configured: boolean;
  /** The address it uses, which a restore may have changed. */
  readonly ieee: string;
  readonly hardwareIeee: string;
  /** Of the network it runs or would resume. */
  readonly panId: number | undefined;
  readonly channel: number | undefined;
  readonly extendedPanId: string | undefined;
  /** First 16 hex digits of the SHA-256 of the network key. */
  readonly keyFingerprint: string | undefined;
  /** Outgoing frame counter in NVRAM; and the next one, which only a started stack has. */
  readonly nvCounter: number | undefined;
  readonly ramCounter: number | undefined;
}

type Plugged = { readonly kind: "pty" } | { readonly kind: "tcp"; readonly port: number };

/** A coordinator of the class CC2652 with Z-Stack 3.x.0, without power until it is plugged in. */
export class Dongle {
  readonly name: string;
  readonly hardwareIeee: string;
  readonly usb: DongleOptions["usb"];

  readonly #options: DongleOptions;
  readonly #nvram: Nvram;
  readonly #stack: Stack;
  readonly #line: SerialLine;
  readonly #parser = new MtFrameParser();
  #port: HostPort | undefined;
  #plugged: Plugged | undefined;
  #booted = false;
  #hung = false;
  readonly #bytesToLose = { "from-host": 0, "to-host": 0 };
  #sequence = 0;

  constructor(options: DongleOptions) {
    this.name = options.name;
    this.hardwareIeee = options.hardwareIeee.replace(/^0x/, "").toLowerCase();
    this.usb = options.usb;
    this.#options = options;
    this.#nvram = new Nvram(options.stateFile);
    this.#stack = new Stack({
      name: options.name,
      hardwareIeee: this.hardwareIeee,
      nvram: this.#nvram,
      air: options.air,
      events: this.#events(),
    });
    this.#line = new SerialLine(options.timing, (bytes) => this.#port?.write(this.#afterLoss("to-host", bytes)));
  }

  /** Plugs it into a USB port. @returns the pseudo terminal that is its serial port until it is unplugged */
  async plug(): Promise<{ path: string }> {
    if (this.#port) throw new Error(`${this.name} is plugged in already.`);
    const port = await openPtyPort((bytes) => this.#receive(bytes));
    this.#connect(port, { kind: "pty" });
    return { path: port.path };
  }

  /** Connects it to the network of this machine, on 127.0.0.1. @param port 0: any that is free */
  async listenTcp(port: number): Promise<{ port: number }> {
    if (this.#port) throw new Error(`${this.name} is plugged in already.`);
    const opened = await openTcpPort(port, this.#options.timing, (bytes) => this.#receive(bytes));
    this.#connect(opened, { kind: "tcp", port: opened.port });
    return { port: opened.port };
  }

  /** Pulls it: radio off, RAM lost, port gone. */
  async unplug(): Promise<void> {
    await this.#cutPower();
    this.#plugged = undefined;
  }

  /**
   * Switches its power. Off is as `unplug`; on plugs it in as it was before.
   * @returns where it answers then; a pseudo terminal may have another number than before
   */
  async power(state: "on" | "off"): Promise<{ path?: string; port?: number }> {
    if (state === "off") {
      await this.#cutPower();
      return {};
    }
    if (!this.#plugged) throw new Error(`${this.name} was not plugged in before.`);
    return this.#plugged.kind === "pty" ? await this.plug() : await this.listenTcp(this.#plugged.port);
  }

  /** Pulls its reset pin: radio and RAM at once; SYS_RESET_IND follows when it has booted. */
  reset(): void {
    if (!this.#port) return;
    this.#halt();
    this.#hung = false;
    this.#line.later(BOOT_MS, () => this.#boot());
  }

  /** Resets without being asked, as a watchdog does. */
  selfReset(): void {
    this.reset();
  }

  /**
   * The firmware stops answering its serial port. A reset or a power cycle ends it.
   * @param radio `stays` as it is, on the air or not; `off`: it went down with the firmware
   */
  hang(radio: "stays" | "off" = "stays"): void {
    this.#hung = true;
    if (radio === "stays") return;
    this.#line.clear();
    this.#stack.stop();
  }

  /** Lets the nth write to NVRAM by the host from now on fail; creations and deletions count too. 0: none fails. */
  failWriteAfter(nth: number): void {
    this.#nvram.failWriteAfter(nth);
  }

  /** Lets the nth write to NVRAM by the host from now on be acknowledged but keep something else. 0: none does. */
  garbleWriteAfter(nth: number): void {
    this.#nvram.garbleWriteAfter(nth);
  }

  /** Loses the next bytes on the serial line, as an overrun does: of what the host sends, or of what the stick sends. */
  loseBytes(direction: "from-host" | "to-host", count: number): void {
    this.#bytesToLose[direction] = count;
  }

  /** Whether its stack is started, transmitting or not. */
  get onAir(): boolean {
    return this.#stack.operating !== undefined;
  }

  inspect(): DongleState {
    const network = this.#stack.operating ?? storedNetwork(this.#nvram);
    const address = this.#nvram.get("EXTADDR");
    return {
      onAir: this.onAir,
      deviceState: this.#stack.state,
      configured: this.#nvram.get("HAS_CONFIGURED_ZSTACK3")?.readUInt8(0) === CONFIGURED,
      ieee: address ? ieeeFromBytes(address) : this.hardwareIeee,
      hardwareIeee: this.hardwareIeee,
      panId: network?.panId,
      channel: network?.channel,
      extendedPanId: network?.extendedPanId,
      keyFingerprint: network && keyId(network.key),
      nvCounter: network && this.#stack.nvCounter(network.extendedPanId),
      ramCounter: this.#stack.ramCounter,
    };
  }

  #connect(port: HostPort, plugged: Plugged): void {
    this.#port = port;
    this.#plugged = plugged;
    this.#hung = false;
    this.#line.later(BOOT_MS, () => this.#boot());
  }

  async #cutPower(): Promise<void> {
    this.#halt();
    const port = this.#port;
    this.#port = undefined;
    await port?.close();
  }

  #halt(): void {
    this.#booted = false;
    this.#stack.stop();
    this.#line.clear();
    this.#parser.clear();
    this.#nvram.save();
  }

  #boot(): void {
    this.#stack.boot();
    this.#booted = true;
    this.#indicate(SUBSYSTEM.SYS, RESET_INDICATION, resetIndication());
  }

  #receive(bytes: Buffer): void {
    if (!this.#booted || this.#hung) return;
    for (const frame of this.#parser.push(this.#afterLoss("from-host", bytes))) {
      this.#line.request(frame.data.length + 5, () => {
        const before = this.#nvram.writes;
        const answer = this.#hung ? undefined : this.#obey(frame);
        return { flashWrites: this.#nvram.writes - before, answer: answer && encodeMtFrame(answer) };
      });
    }
  }

  #afterLoss(direction: "from-host" | "to-host", bytes: Buffer): Buffer {
    const lost = Math.min(this.#bytesToLose[direction], bytes.length);
    this.#bytesToLose[direction] -= lost;
    return bytes.subarray(lost);
  }

  #obey(frame: MtFrame): MtFrame | undefined {
    const commands = COMMANDS[frame.subsystem];
    const command = commands?.[frame.id];
    if (!command) return rpcError(commands ? RPC_ERROR.COMMAND : RPC_ERROR.SUBSYSTEM, frame);
    try {
      const data = command(new ByteReader(frame.data), this.#context());
      return data && { type: "srsp", subsystem: frame.subsystem, id: frame.id, data };
    } catch (error) {
      if (error instanceof RangeError) return rpcError(RPC_ERROR.LENGTH, frame);
      throw error;
    }
  }

  #context(): MtContext {
    return {
      stack: this.#stack,
      nvram: this.#nvram,
      indicate: (subsystem, id, data) => this.#indicate(subsystem, id, data),
      later: (milliseconds, action) => this.#line.later(milliseconds, action),
      reset: () => this.reset(),
    };
  }

  #events(): StackEvents {
    const zdo = (indication: { id: number; data: Buffer } | undefined): void => {
      if (indication) this.#indicate(SUBSYSTEM.ZDO, indication.id, indication.data);
    };
    return {
      deviceAuthorized: (address, ieee) => zdo(deviceAuthorized(address, ieee)),
      deviceLeft: (address, ieee, rejoin) => zdo(leaveIndication(address, ieee, rejoin)),
      zdo: (source, cluster, body) => zdo(zdoIndication(source, cluster, body)),
      data: (source, data, broadcast) => {
        this.#sequence = (this.#sequence + 1) & 0xff;
        const message = incomingMessage(source, data, broadcast, this.#sequence);
        this.#indicate(SUBSYSTEM.AF, INCOMING_MESSAGE, message);
      },
    };
  }

  #indicate(subsystem: number, id: number, data: Buffer): void {
    if (this.#booted && !this.#hung) this.#line.send(encodeMtFrame({ type: "areq", subsystem, id, data }));
  }
}

/** The answer to what is no command: the firmware's error and the two command bytes it could not obey. */
function rpcError(error: number, frame: MtFrame): MtFrame | undefined {
  if (frame.type !== "sreq") return undefined;
  const data = u8(error, 0x20 | frame.subsystem, frame.id);
  return { type: "srsp", subsystem: SUBSYSTEM.RPC_ERROR, id: 0, data };
}
