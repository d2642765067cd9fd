import type { Refusals } from "./node-script.ts";

/** What the scripts that read Zigbee2MQTT's data directory refuse. */
export const REFUSALS: Refusals = {
  "no-data": {
    id: "NODE_NOT_UNDERSTOOD",
    what: "Zigbee2MQTT's data directory does not exist.",
    next: "correct the node's dataDirectory.",
  },
  "strange-name": {
    id: "GENERATION_INVALID",
    what: 'Zigbee2MQTT\'s data directory holds a file whose name has a backslash, a control character, " -> " or " link to ".',
    next: "rename that file, then try again.",
  },
  unsettled: {
    id: "NODE_BUSY",
    what: "Zigbee2MQTT's files changed faster than they could be copied, five times in a row.",
    next: "nothing: it is tried again; if it stays so, see what writes into its data directory all the time.",
  },
};

/** What belongs to a generation, below the current directory: not logs (`$log`) and temporary files. */
export const CHOSEN = `
chosen() {
  find . \\( -path "./$log" -o -name '*.log' -o -name '*.tmp' -o -name '.tmp-*' \\) -prune -o "$@"
}
hashes() { chosen -type f -exec sha256sum {} + | sort; }
`;

/**
 * `$1` generation, `$2` data directory, `$3` log directory in it, `$4` yes where the service runs; else the NVRAM comes on standard
 * input. Archive and hashes are made of a copy, so that they agree; where the service runs, it is copied until nothing changed
 * meanwhile. (Not every busybox has tar -T or tar -X.) Prints one line a fact:
 * `S size ./path`, `H hash  ./path`, `L ./path<tab>target`, `D devices in the database`, `A size hash name`.
 */
export const CAPTURE_SCRIPT = `
generation=$1 data=$2 log=$3 live=$4
part=$generation.part
finished=
trap '[ "$finished" ] || rm -rf "$part"' EXIT
[ -d "$data" ] || refuse no-data
mkdir -p "\${generation%/*}"
rm -rf "$part"
mkdir "$part"
[ "$live" ] || take "$part/nvram.json"

cd "$data"
${CHOSEN}
copy() {
  rm -rf "$part/tree"
  mkdir "$part/tree"
  (umask 022; chosen -type d -exec sh -c 'for path; do mkdir -p "$0/$path"; done' "$part/tree" {} +)
  chosen -type f -exec sh -ec 'for path; do cp -p "$path" "$0/$path"; done' "$part/tree" {} +
}
if chosen \\( -name '*[[:cntrl:]]*' -o -name '*\\\\*' -o -name '* -> *' -o -name '* link to *' \\) -print | grep -q .; then refuse strange-name; fi
if [ "$live" ]; then
  tries=0
  until copy && [ "$(hashes)" = "$(cd "$part/tree"; hashes)" ]; do
    tries=$((tries + 1))
    # The last copy is not a condition, so that what keeps it from being made is told.
    [ "$tries" -lt 5 ] || { copy; refuse unsettled; }
    sleep 1
  done
else
  copy
fi
chosen -type l -print > "$part/links"
while IFS= read -r link; do printf 'L %s\\t%s\\n' "$link" "$(readlink "$link")"; done < "$part/links"

cd "$part/tree"
tar -cf "$part/data.tar" .
find . -type f -exec stat -c 'S %s %n' {} +
find . -type f -exec sha256sum {} + > "$part/hashes"
sed 's/^/H /' "$part/hashes"
[ ! -f database.db ] || printf 'D %s\\n' "$(grep -cE '"type":"(Router|EndDevice)"' database.db || :)"
cd "$part"
rm -rf tree links hashes
for file in data.tar nvram.json; do
  [ -f "$file" ] || continue
  hash=$(sha256sum "$file")
  printf 'A %s %s %s\\n' "$(stat -c %s "$file")" "\${hash%% *}" "$file"
done
finished=1
`;

/** `$1` data directory, `$2` log directory in it. Prints `H hash  ./path` for each file. */
export const LOOK_SCRIPT = `
log=$2
[ -d "$1" ] || refuse no-data
cd "$1"
${CHOSEN}
hashes | sed 's/^/H /'
`;

/** `$1` generation; the manifest comes on standard input. The name without `.part` appears only when all of it is on disk. */
export const FINISH_SCRIPT = `
generation=$1
if [ -d "$generation" ]; then rm -rf "$generation.part"; exit 0; fi
take "$generation.part/manifest.json"
settle "$generation.part"
mv "$generation.part" "$generation"
flush "\${generation%/*}"
`;
