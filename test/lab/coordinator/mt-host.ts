import { once } from "node:events";
import net from "node:net";
import { MtFrameParser, encodeMtFrame, type MtFrame } from "../../../lab/coordinator/mt-frame.ts";

const TIMEOUT_MS = 5000;

/** A program that speaks with a dongle over TCP, command by command. */
export class MtHost {
  readonly #socket: net.Socket;
  readonly #parser = new MtFrameParser();
  /** Everything the dongle sent without being asked. */
  readonly indications: MtFrame[] = [];
  #arrived: (frame: MtFrame) => void = () => undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      for (const frame of this.#parser.push(bytes)) {
        if (frame.type === "areq") this.indications.push(frame);
        this.#arrived(frame);
      }
    });
  }

  static async connect(port: number): Promise<MtHost> {
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new MtHost(socket);
  }

  /** Sends a request. Rejects when nothing answers it. @returns the answer, which may be an RPC error */
  async request(subsystem: number, id: number, data: Buffer = Buffer.alloc(0)): Promise<MtFrame> {
    const answer = this.#next((frame) => frame.type === "srsp");
    this.send(subsystem, id, data, "sreq");
    return await answer;
  }

  /** Sends a command and waits for an indication; one that came before does not count. */
  async requestAndWait(
    subsystem: number,
    id: number,
    data: Buffer,
    awaited: { subsystem: number; id: number; last?: number },
  ) {
    const indicated = this.#next(
      (frame) =>
        frame.type === "areq" &&
        frame.subsystem === awaited.subsystem &&
        frame.id === awaited.id &&
        (awaited.last === undefined || frame.data.at(-1) === awaited.last),
    );
    this.send(subsystem, id, data, subsystem === 1 && id === 0 ? "areq" : "sreq");
    return await indicated;
  }

  send(subsystem: number, id: number, data: Buffer, type: MtFrame["type"]): void {
    this.#socket.write(encodeMtFrame({ type, subsystem, id, data }));
  }

  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** SYS_RESET_REQ, until SYS_RESET_IND. */
  async reset(): Promise<void> {
    await this.requestAndWait(1, 0x00, Buffer.from([1]), { subsystem: 1, id: 0x80 });
  }

  /** Forms a network on a channel. */
  async form(channel: number): Promise<void> {
    const mask = Buffer.alloc(5, 1);
    mask.writeUInt32LE(2 ** channel, 1);
    await this.request(15, 0x08, mask);
    await this.requestAndWait(15, 0x05, Buffer.from([4]), { subsystem: 15, id: 0x80 });
  }

  /** Resumes the network that the dongle holds. */
  async start(): Promise<void> {
    await this.requestAndWait(5, 0x40, Buffer.from([100, 0]), { subsystem: 5, id: 0xc0, last: 9 });
  }

  /** Device state by UTIL_GET_DEVICE_INFO. */
  async deviceState(): Promise<number> {
    return (await this.request(7, 0x00)).data.readUInt8(12);
  }

  /** A legacy item; undefined: it does not exist. */
  async readItem(id: number): Promise<Buffer | undefined> {
    const address = Buffer.alloc(4);
    address.writeUInt16LE(id);
    const { data } = await this.request(1, 0x1c, address);
    return data.readUInt8(0) === 0 ? data.subarray(2) : undefined;
  }

  /** Writes an existing legacy item. @returns the status */
  async writeItem(id: number, value: Buffer): Promise<number> {
    const header = Buffer.alloc(6);
    header.writeUInt16LE(id, 0);
    header.writeUInt16LE(value.length, 4);
    return (await this.request(1, 0x1d, Buffer.concat([header, value]))).data.readUInt8(0);
  }

  /** @returns the status */
  async deleteItem(id: number, length: number): Promise<number> {
    const address = Buffer.alloc(4);
    address.writeUInt16LE(id, 0);
    address.writeUInt16LE(length, 2);
    return (await this.request(1, 0x12, address)).data.readUInt8(0);
  }

  /** An entry of a table; undefined: it does not exist. */
  async readEntry(table: number, entry: number): Promise<Buffer | undefined> {
    const address = Buffer.alloc(8);
    address.writeUInt8(1, 0);
    address.writeUInt16LE(table, 1);
    address.writeUInt16LE(entry, 3);
    address.writeUInt8(246, 7);
    const { data } = await this.request(1, 0x33, address);
    return data.readUInt8(0) === 0 ? data.subarray(2) : undefined;
  }

  /** Writes an existing entry of a table. @returns the status */
  async writeEntry(table: number, entry: number, value: Buffer): Promise<number> {
    const address = Buffer.alloc(8);
    address.writeUInt8(1, 0);
    address.writeUInt16LE(table, 1);
    address.writeUInt16LE(entry, 3);
    address.writeUInt8(value.length, 7);
    return (await this.request(1, 0x34, Buffer.concat([address, value]))).data.readUInt8(0);
  }

  /** Sends an application frame to everyone that listens. @returns the status */
  async broadcast(): Promise<number> {
    const data = Buffer.from([0xfd, 0xff, 1, 1, 6, 0, 1, 0, 30, 3, 1, 1, 2]);
    return (await this.request(4, 0x01, data)).data.readUInt8(0);
  }

  /** Registers endpoint 1 for home automation. */
  async registerEndpoint(): Promise<void> {
    await this.request(4, 0x00, Buffer.from([1, 4, 1, 5, 0, 0, 0, 0, 0]));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #next(fits: (frame: MtFrame) => boolean): Promise<MtFrame> {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("The dongle does not answer.")), TIMEOUT_MS);
      this.#arrived = (frame) => {
        if (!fits(frame)) return;
        clearTimeout(late);
        resolve(frame);
      };
    });
  }
}
