/**
 * What holds where understudy.yaml says nothing and nothing needs to be found on a node. Durations as the user writes
 * them, so that the schema, the documentation and the program read the same constant.
 */
export const DEFAULTS = {
  ssh: { port: 22, keepalive: "5s", connectTimeout: "10s", knownHosts: "~/.ssh/known_hosts" },
  privilege: "auto",
  driver: "zstack",
  python: "python3",
  /** Understudy's own directory on a node; the service's name is added. */
  state: { asRoot: "/var/lib/understudy", inHome: ".local/state/understudy" },
  mqtt: { baseTopic: "zigbee2mqtt", rejectUnauthorized: true },
  policy: {
    keepGenerations: 5,
    allowNewerStandby: false,
    proofTimeout: "15s",
    /** Two starts' worth: a Z-Stack coordinator jumps by 1250 frames at each. */
    counterMargin: 2500,
    rebootOldNode: false,
  },
  automation: {
    failover: {
      after: "10s",
      restarts: 1,
      quietTime: "1h",
      oldestCopy: "24h",
      offlineBoot: "wait",
      selfFence: false,
    },
    sync: { every: "5m", afterChange: "30s", preload: true },
    rotation: { days: ["wed", "sun"], at: "03:31" },
  },
  fencing: {
    ladder: ["ssh"],
    trusted: false,
    timeout: "20s",
    /** An agent waits for its device by itself. */
    agentTimeout: "60s",
    snmpPort: 161,
    httpPort: 80,
    group: 1,
    relay: 1,
    generation: 2,
    switch: 0,
  },
  temporal: {
    namespace: "default",
    taskQueue: "understudy",
    port: 7233,
    uiPort: 8233,
    dataDirectory: "~/.local/state/understudy/temporal",
  },
} as const;
