import { now } from "../../lab/air/clock.ts";
import { ssh, sshPipe } from "./ssh.ts";
import type { BenchNode } from "./site.ts";
import type { Step } from "./result.ts";

/**
 * What the prototype's timer does every five minutes on the standby: fetches Zigbee2MQTT's files, and puts the standby's own
 * address in. Both sticks have the same path there; where they do not, that is put right too.
 */
export async function prototypeSync(from: BenchNode, to: BenchNode): Promise<void> {
  await sshPipe(
    [from.ssh, `${from.sudo}tar -C ${from.data} -cf - .`],
    [to.ssh, `mkdir -p ${to.work}/config && tar -C ${to.work}/config -xf - && rm -rf ${to.work}/config/log`],
  );
  const own = (there: string, here: string): string => `s|${there}|${here}|`;
  const [address, port] = from.frontendHost.split(":");
  const [ownAddress, ownPort] = to.frontendHost.split(":");
  const edits = [
    own(from.serialPort, to.serialPort),
    own(`host: ${address}$`, `host: ${ownAddress}`),
    ...(port && ownPort ? [own(`port: ${port}$`, `port: ${ownPort}`)] : []),
  ];
  await ssh(to.ssh, `sed -i ${edits.map((edit) => `-e '${edit}'`).join(" ")} ${to.work}/config/configuration.yaml`);
}

/**
 * The prototype's switchover, command by command as its scripts order them from the third machine, each by a new SSH
 * connection: stop each node twice, read the active stick, copy the image, clear and write the standby's stick, copy the
 * configuration, start. Then comes the old node's reboot, which is not part of the outage; here its stick loses its power.
 * Rejects where a step fails that the scripts would have gone on after.
 */
export async function prototypeSwitchover(from: BenchNode, to: BenchNode): Promise<readonly Step[]> {
  const tool = (node: BenchNode, name: string, options = ""): Promise<void> =>
    ssh(node.ssh, `${node.sudo}${node.python} -m zigpy_znp.tools.${name} ${node.serialPort}${options}`);
  const manage = (node: BenchNode, verb: "start" | "stop"): Promise<void> =>
    ssh(node.ssh, `${node.sudo}${node.home.host.zigbee2mqtt.commands[verb]}`);
  const image = (node: BenchNode): string => `${node.work}/image.json`;
  // Where the scripts keep the image is there already, as on a node that was set up for them.
  await ssh(from.ssh, `mkdir -p ${from.work}`);

  const steps: Step[] = [];
  const step = async (name: string, node: "old" | "new", act: () => Promise<void>): Promise<void> => {
    const startedAt = now();
    await act();
    steps.push({ name, node, startedAt, ms: Math.round(now() - startedAt) });
  };
  await step("stop", "old", () => manage(from, "stop"));
  await step("stop again", "old", () => manage(from, "stop"));
  await step("stop", "new", () => manage(to, "stop"));
  await step("stop again", "new", () => manage(to, "stop"));
  await step("nvram_read", "old", () => tool(from, "nvram_read", ` -o ${image(from)}`));
  await step("copy the image", "new", () => sshPipe([from.ssh, `cat ${image(from)}`], [to.ssh, `cat >${image(to)}`]));
  await step("nvram_reset", "new", () => tool(to, "nvram_reset"));
  await step("nvram_write", "new", () => tool(to, "nvram_write", ` -i ${image(to)}`));
  await step("copy the configuration", "new", () => ssh(to.ssh, `${to.sudo}cp -a ${to.work}/config/. ${to.data}/`));
  await step("start", "new", () => manage(to, "start"));
  return steps;
}
