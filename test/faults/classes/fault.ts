import type { Random } from "../random.ts";
import type { HostKind, Site, SiteNode } from "../site.ts";

/** Where a fault strikes and what it may use. */
export interface Struck {
  readonly site: Site;
  /** The victim, where the class has one. */
  readonly node: SiteNode;
  readonly from: SiteNode;
  readonly to: SiteNode;
}

/** Ends the fault, whatever has become of it meanwhile. */
export type Heal = () => Promise<void>;

/** One fault as a seed has decided it. */
export interface PlannedFault {
  /** What it is, for the line of the run. */
  readonly words: string;
  strike(at: Struck): Promise<Heal>;
}

/** One class of faults. */
export interface FaultClass {
  readonly name: string;
  /** Where it can be made. */
  readonly hosts: readonly HostKind[];
  /** Which node it may befall; without it no node is meant. */
  readonly victims?: readonly ("from" | "to")[];
  /** Nobody is told to start the service again where Understudy never touched it: then a person does. */
  readonly mayEndDark?: boolean;
  plan(random: Random): PlannedFault;
}

export const ANY_HOST: readonly HostKind[] = ["local", "namespaces"];

export const NOTHING_TO_HEAL: Heal = () => Promise.resolve();
