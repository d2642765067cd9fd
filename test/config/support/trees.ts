import { joined, stick, type NodeTree } from "./fake-node.ts";

export const SONOFF_BY_ID = "usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_7c1f-if00-port0";

export const SONOFF = { serial: "7c1f", manufacturer: "ITead", product: "Sonoff Zigbee 3.0 USB Dongle Plus" };

/** Zigbee2MQTT's own package.json, as far as it matters. */
export function zigbee2mqttPackage(version = "2.14.1"): string {
  return JSON.stringify({ name: "zigbee2mqtt", version });
}

export function configuration(
  overrides: { server?: string; port?: string; host?: string; more?: string } = {},
): string {
  return `# kept
version: 5
mqtt:
  base_topic: zigbee2mqtt
  server: ${overrides.server ?? "mqtt://10.0.0.4:1883"}
  user: z2m
  password: 'br0ker-secret'
serial:
  port: ${overrides.port ?? "/dev/ttyUSB0"}
  adapter: zstack
frontend:
  enabled: true
  host: ${overrides.host ?? "10.0.0.2"}
  port: 8080
advanced:
  network_key: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
${overrides.more ?? ""}`;
}

/** The prototype's node: Alpine, OpenRC, sudo, busybox; no udev and so no by-id links. */
export function alpineNode(text = configuration()): NodeTree {
  return joined(stick("ttyUSB0", SONOFF), {
    uid: 1000,
    files: {
      "/opt/zigbee2mqtt/package.json": zigbee2mqttPackage(),
      "/opt/zigbee2mqtt/data/configuration.yaml": text,
    },
    executables: {
      "/etc/init.d/zigbee2mqtt": `#!/sbin/openrc-run
name="zigbee2mqtt"
directory="/opt/zigbee2mqtt"
command="/usr/bin/npm"
command_args="start --prefix \${directory}"
command_user="zigbee:zigbee"
pidfile="/run/\${RC_SVCNAME}.pid"
`,
      "/etc/init.d/networking": "#!/sbin/openrc-run\n",
    },
    commands: { "rc-service": "exit 0", sudo: 'shift; exec "$@"', sh: 'exec /bin/sh "$@"', python3: "exit 0" },
  });
}

/** Raspberry Pi OS: systemd, udev, and zigpy-znp in a virtual environment. */
export function systemdNode(text = configuration({ host: "10.0.0.3" })): NodeTree {
  return joined(stick("ttyUSB0", { ...SONOFF, byId: SONOFF_BY_ID }), {
    uid: 0,
    directories: ["/run/systemd/system"],
    files: {
      "/usr/lib/zigbee2mqtt/package.json": zigbee2mqttPackage("2.14.0"),
      "/var/lib/zigbee2mqtt/configuration.yaml": text,
    },
    executables: { "/opt/zigpy/bin/python": "#!/bin/sh\nexit 0\n" },
    commands: {
      systemctl: `case $1 in
list-unit-files) echo 'zigbee2mqtt.service disabled enabled' ;;
list-units) echo 'zigbee2mqtt.service loaded inactive dead Zigbee2MQTT' ;;
show) cat <<'EOF'
LoadState=loaded
MainPID=0
Environment=NODE_ENV=production ZIGBEE2MQTT_DATA=/var/lib/zigbee2mqtt
WorkingDirectory=/usr/lib/zigbee2mqtt
ExecStart={ path=/usr/bin/node ; argv[]=/usr/bin/node index.js ; ignore_errors=no }
EOF
;;
esac`,
      python3: "exit 1",
    },
  });
}

/** A container with its own name for the device. */
export function dockerNode(text = configuration({ port: "/dev/ttyACM0", host: "0.0.0.0" }), running = true): NodeTree {
  return joined(stick("ttyACM0", { ...SONOFF, byId: SONOFF_BY_ID }), {
    uid: 0,
    files: { "/srv/z2m/configuration.yaml": text },
    commands: {
      docker: `case $1 in
ps) echo 'mosquitto eclipse-mosquitto:2'; echo 'zigbee ghcr.io/koenkk/zigbee2mqtt:2.14.1' ;;
inspect) cat <<'EOF'
[{"Type":"bind","Source":"/srv/z2m","Destination":"/app/data"},{"Type":"bind","Source":"/run/udev","Destination":"/run/udev"}]
["TZ=Europe/Berlin","ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD=env-secret"]
{"org.opencontainers.image.version":"2.14.1"}
[{"PathOnHost":"/dev/serial/by-id/${SONOFF_BY_ID}","PathInContainer":"/dev/ttyACM0"}]
${running}
EOF
;;
exec) echo '${zigbee2mqttPackage("2.14.2")}' ;;
esac`,
      python3: "exit 0",
    },
  });
}
