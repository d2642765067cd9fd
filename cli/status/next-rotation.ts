import type { Client } from "@temporalio/client";
import { ScheduleNotFoundError } from "@temporalio/client";
import { rotationId } from "../../workflows/contract.ts";

/** When the rotation hands the service over next; undefined where there is none, or it cannot be told. */
export async function nextRotation(client: Client, service: string): Promise<Date | undefined> {
  try {
    const { info, state } = await client.schedule.getHandle(rotationId(service)).describe();
    return state.paused ? undefined : info.nextActionTimes[0];
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
