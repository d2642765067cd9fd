import type { Client } from "@temporalio/client";
import type { Control, ServiceState } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { currentPerson, withClient } from "../temporal/connect.ts";
import { order } from "../temporal/order.ts";

/** What an order says, without who gives it. */
export type Wish = Control extends infer C ? (C extends Control ? Omit<C, "by"> : never) : never;

/** Gives the service an order and says in a sentence what holds now. */
export async function orderOf(
  context: Context,
  serviceName: string | undefined,
  wish: Wish,
  inWords: (state: ServiceState) => string,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name } = chooseService(home, serviceName);
  const target = await temporalTarget(context, home);
  return withClient(target, (client) => giveOrder(client, context, name, wish, target.taskQueue, inWords));
}

export async function giveOrder(
  client: Client,
  context: Context,
  service: string,
  wish: Wish,
  taskQueue: string,
  inWords: (state: ServiceState) => string,
): Promise<ExitCode> {
  const state = await order(client, service, { ...wish, by: currentPerson() }, taskQueue);
  const { mode, paused, stopped, offline, blocked } = state;
  context.output.result(
    { service, ordered: wish.verb, mode, paused, stopped, offline, blocked, exitCode: EXIT.done },
    () => inWords(state),
  );
  return EXIT.done;
}
