import { expect } from "vitest";
import { Auditor } from "../../../faults/auditor/auditor.ts";
import { comeToRest } from "../../../faults/rest.ts";
import { openSite } from "../../../faults/site.ts";
import { until } from "../../../home/support/bring-up.ts";
import type { Site, SiteNode } from "../../../faults/site.ts";
import type { NamespaceHost } from "../../../../lab/namespaces/host.ts";
import type { HandoverReport } from "../../../../workflows/contract.ts";

/** Namespace hosts need root. */
export const isRoot = process.getuid?.() === 0;

export const RUN_MS = 400_000;
/** On a busy machine the steps before it take long. */
const STEP_WITHIN_MS = 180_000;

/** A home on namespace hosts whose sticks both hold the network, and the auditor that judges it. */
export interface FaultHome {
  readonly site: Site;
  readonly auditor: Auditor;
  /** The node that serves now. */
  active(): SiteNode;
  standby(): SiteNode;
  /** Waits until a step of the handover that runs has begun; it may be over already. */
  began(step: string): Promise<void>;
  /** Comes to rest without a person, every invariant holds, and this node serves. */
  expectWell(serving: SiteNode): Promise<void>;
}

/** `environment`: for Understudy alone. */
export async function openFaultHome(environment?: Readonly<Record<string, string>>): Promise<FaultHome> {
  const site = await openSite({ hosts: "namespaces", ...(environment ? { environment } : {}) });
  const auditor = new Auditor(site);
  const active = (): SiteNode => {
    const serving = site.home.servingNode();
    if (!serving) throw new Error("Nobody serves.");
    return site.node(serving.name);
  };
  return {
    site,
    auditor,
    active,
    standby: () => other(site, active()),
    began: (name) =>
      until(
        async () => {
          const report = await site.lab.progress();
          // A short step may be over by the time that the answer comes.
          return report?.outcome === undefined && report?.steps.some((step) => step.name === name) === true;
        },
        `${name} began`,
        STEP_WITHIN_MS,
      ),
    async expectWell(serving) {
      const rest = await comeToRest(site, AbortSignal.timeout(RUN_MS), true);
      expect(rest).toEqual({ serving: true, mended: false });
      const audit = await auditor.audit();
      expect(audit.violations).toEqual([]);
      expect(audit.serving).toBe(serving.name);
    },
  };
}

export function hostOf(node: SiteNode): NamespaceHost {
  if (!node.namespaceHost) throw new Error(`${node.name} is no namespace host.`);
  return node.namespaceHost;
}

/** How a switchover ended: what the command line says. */
export function endOf({ code, report }: { code: number; report: HandoverReport }): {
  code: number;
  outcome: string | undefined;
} {
  return { code, outcome: report.outcome };
}

function other(site: Site, node: SiteNode): SiteNode {
  const found = site.nodes.find((candidate) => candidate !== node);
  if (!found) throw new Error("There is one node only.");
  return found;
}
