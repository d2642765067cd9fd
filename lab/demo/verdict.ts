/** What the demo measured; the last line of its output. */
export interface DemoResult {
  /** From the last command the switched light received through the old node to the first through the new one. Null: not measured. */
  readonly outageMs: number | null;
  readonly devices: number;
  /** Devices that answered or reported through the new node. */
  readonly answered: number;
  /** From the start of Zigbee2MQTT on the new node until the last of them did. Null: not all did. */
  readonly answeredWithinMs: number | null;
  /** Associations, rejoins and interviews since the handover began. */
  readonly rejoined: number;
  /** Milliseconds in which two coordinators were on the air. */
  readonly doubleActiveMs: number;
  /** Frames that devices rejected because a counter did not grow. */
  readonly counterViolations: number;
  /** Exit code of `understudy switchover`. Null: it did not come to that. */
  readonly switchoverExitCode: number | null;
}

/** What did not hold, in words for the reader; empty when all of it did. */
export function complaints(result: DemoResult): string[] {
  const list: string[] = [];
  if (result.switchoverExitCode !== 0)
    list.push(`understudy switchover ended with exit code ${result.switchoverExitCode}.`);
  if (result.outageMs === null) list.push("The outage could not be measured.");
  if (result.answered < result.devices)
    list.push(`${result.devices - result.answered} devices did not answer through the new node.`);
  if (result.rejoined > 0) list.push(`${result.rejoined} times a device joined again.`);
  if (result.doubleActiveMs > 0) list.push(`Two coordinators were on the air for ${result.doubleActiveMs} ms.`);
  if (result.counterViolations > 0)
    list.push(`${result.counterViolations} frames were rejected because a counter had not grown.`);
  return list;
}
