/** Files of a host by their absolute path there: the text alone, or with mode and owner, or a symbolic link. */
export type HostFiles = Readonly<Record<string, string | HostFile | HostLink>>;

export interface HostFile {
  readonly content: string | Uint8Array;
  /** Default 0644. */
  readonly mode?: number;
  /** User and group id. Default root. */
  readonly owner?: number;
}

export interface HostLink {
  readonly linkTo: string;
}

/** Something of this machine that a host sees in its own tree. */
export interface HostMount {
  /** `bind`: the thing itself, read-only. `overlay`: a directory that the host may change, with the changes on its own disk. */
  readonly kind: "bind" | "overlay";
  readonly source: string;
  readonly target: string;
}

/** A program that a host's init system manages: its init script or unit, its files, and what it needs of this machine. */
export interface HostService {
  readonly name: string;
  /** Text of /etc/init.d/<name> for OpenRC. */
  readonly openrc: string;
  /** Text of /etc/systemd/system/<name>.service. */
  readonly systemd: string;
  /** Whether it is in OpenRC's default runlevel, or enabled in systemd. */
  readonly startsAtBoot: boolean;
  readonly files?: HostFiles;
  readonly mounts?: readonly HostMount[];
}
