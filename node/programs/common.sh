# Sourced by the programs of this folder. POSIX sh, for dash and busybox alike.
#
# What a node knows (its state directory) and how it is set up (its settings file, `key=value` lines that are read and
# never run). Nothing here needs the network.

LC_ALL=C
export LC_ALL
umask 077

CONFIG=${UNDERSTUDY_CONFIG_DIRECTORY:-/etc/understudy}
RUN=${UNDERSTUDY_RUN_DIRECTORY:-/run/understudy}

# Says it where people look: on the terminal or in the service's log, and in the system's log.
say() {
  echo "understudy: $*" >&2
  # systemd keeps standard error of what it runs already.
  [ -n "${JOURNAL_STREAM-}" ] || logger --id=$$ -t understudy -- "$*" 2>/dev/null || logger -t understudy -- "$*" 2>/dev/null || true
}

# Sets `line` to the only line of a file. Fails where there is none, or where it was cut off before its end.
only_line() {
  line=
  [ -f "$1" ] || return 1
  IFS= read -r line 2>/dev/null <"$1"
}

is_number() {
  case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac
}

# Makes what was written survive a loss of power. Where sync takes no arguments, all is synced.
flush() {
  sync "$1" 2>/dev/null || sync
}

# Writes standard input as a file of the state directory: a reader sees the old text or the new one.
keep() {
  mkdir -p "$state" && cat >"$state/.$1.new" && flush "$state/.$1.new" && mv "$state/.$1.new" "$state/$1" && flush "$state"
}

now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}

# Whole seconds since boot, which no change of the clock can move.
uptime_seconds() {
  IFS='. ' read -r seconds _ </proc/uptime && echo "$seconds"
}

# Sets a variable for each setting of a node: known names only.
read_settings() {
  settings=$1
  service='' instance='' state='' manager='' unit='' start='' stop='' status='' port='' python='' data='' broker=''
  peers='' contacts='' offline_boot=wait self_fence=''
  [ -r "$settings" ] || return 1
  while IFS= read -r line; do
    value=${line#*=}
    case $line in
      service=*) service=$value ;;
      instance=*) instance=$value ;;
      state=*) state=$value ;;
      manager=*) manager=$value ;;
      unit=*) unit=$value ;;
      start=*) start=$value ;;
      stop=*) stop=$value ;;
      status=*) status=$value ;;
      port=*) port=$value ;;
      python=*) python=$value ;;
      data=*) data=$value ;;
      broker=*) broker=$value ;;
      peer=*) peers="$peers$value
" ;;
      contact=*) contacts="$contacts$value
" ;;
      offline_boot=*) offline_boot=$value ;;
      self_fence=*) self_fence=$value ;;
    esac
  done <"$settings"
  case $state in /*) ;; *) return 1 ;; esac
  [ -n "$instance" ] && [ -n "$manager" ]
}

# One program at a time changes something on a node: the lock that Understudy's own steps take as well. It is held on
# descriptor 9, which what we start must not get: `9<&-`. Fails after $1 seconds.
lock() {
  [ -e "$state.lock" ] || (umask 022 && mkdir -p "${state%/*}" && : >>"$state.lock")
  # An exec that fails ends the whole shell.
  (exec 9<"$state.lock") 2>/dev/null || return 1
  exec 9<"$state.lock"
  tries=$1
  until flock -n 9; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 1
  done
}

unlock() {
  exec 9<&-
}
