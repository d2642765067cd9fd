/** The promise, or `late` once the time has passed or the promise rejected. What it stands for is told to end by the signal. */
export async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  look: (signal: AbortSignal) => Promise<T>,
  late: (error: unknown) => T,
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const passed = new Promise<never>((_resolve, reject) => {
    limit.addEventListener("abort", () => reject(limit.reason as Error), { once: true });
  });
  passed.catch(() => undefined);
  try {
    return await Promise.race([look(limit), passed]);
  } catch (error) {
    // The activity itself was cancelled: nobody wants the answer.
    signal.throwIfAborted();
    return late(error);
  }
}
