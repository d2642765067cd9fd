export interface ServiceStatus {
  readonly state: "running" | "stopped" | "failed" | "unknown";
  /** The service's main process, where the manager tells it and it lives. */
  readonly pid?: number;
  /** The manager's own words, shortened. */
  readonly detail: string;
}

export interface DriverStatus extends ServiceStatus {
  /** The manager neither runs the service nor is about to: true for every "stopped", and for a "failed" that is final. */
  readonly atRest: boolean;
}

export interface Autostart {
  readonly starts: "at boot" | "after a crash";
  /** What does it, in words. */
  readonly how: string;
  /** The command, or the edit, that ends it. */
  readonly mend: string;
}

/** What differs between service managers. Requests resolve with the exit status, which the lifecycle does not trust. */
export interface ServiceDriver {
  readonly name: string;
  /** The command by which a person looks into it on the node. */
  readonly inspect: string;
  status(signal?: AbortSignal): Promise<DriverStatus>;
  requestStart(signal: AbortSignal | undefined): Promise<number>;
  requestStop(signal: AbortSignal | undefined, timeoutMs: number): Promise<number>;
  /** Makes the manager see that the process is gone, where it may hold on to another belief. */
  acknowledgeGone?(signal: AbortSignal | undefined): Promise<void>;
  autostart(signal?: AbortSignal): Promise<Autostart[]>;
}
