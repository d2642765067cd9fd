const ASKING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for somebody to end us: Ctrl-C, `kill`, a closed terminal. */
export interface StopRequest {
  /** Resolves at the first such signal. */
  readonly requested: Promise<void>;
  dispose(): void;
}

/** `onInsist` runs at each signal after the first: whoever asks twice does not want to wait. */
export function awaitStopRequest(onInsist: () => void): StopRequest {
  const requested = Promise.withResolvers<void>();
  let asked = false;
  const ask = () => {
    if (asked) onInsist();
    asked = true;
    requested.resolve();
  };
  for (const signal of ASKING) process.on(signal, ask);
  return {
    requested: requested.promise,
    dispose: () => {
      for (const signal of ASKING) process.off(signal, ask);
    },
  };
}
