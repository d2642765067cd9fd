/** Where a host is connected to a dongle. */
export interface HostPort {
  /** Sends bytes to the host; they are lost when nobody has the port open. */
  write(bytes: Buffer): void;
  /** Takes the port away; whoever has it open sees it vanish. */
  close(): Promise<void>;
}
