# Sourced after common.sh: the service on this node, through whatever manages it, and the radio below it.

# Seconds for a service manager to tell a state, and to start or stop something. A daemon that hangs must keep neither a
# guard from its work nor Understudy from the lock. Understudy counts on the first one: node/self-fence.ts.
TELL_WITHIN=${UNDERSTUDY_TELL_SECONDS:-5}
ACT_WITHIN=120

# What coreutils' and busybox's `timeout` have in common; busybox's before 1.30 is another, and then there is no limit.
if timeout -s KILL 1 true 2>/dev/null; then limits=yes; else limits=no; fi

# Runs a command that gets neither our input nor our lock, and is killed after $1 seconds.
within() {
  seconds=$1
  shift
  [ "$limits" = no ] || set -- timeout -s KILL "$seconds" "$@"
  "$@" </dev/null 9<&-
}

# Prints running, stopped or unknown; unknown, too, where whatever manages it does not answer in time.
service_state() {
  ask_state 2>/dev/null
}

ask_state() {
  case $manager in
    systemd)
      case $(within "$TELL_WITHIN" systemctl show -p ActiveState -- "$unit") in
        ActiveState=inactive | ActiveState=failed) echo stopped ;;
        ActiveState=?*) echo running ;;
        *) echo unknown ;;
      esac
      ;;
    openrc)
      within "$TELL_WITHIN" rc-service "$unit" status >/dev/null
      by_status $? 3 32
      ;;
    docker)
      case $(within "$TELL_WITHIN" docker inspect --type container -f '{{.State.Status}}' "$unit") in
        running | restarting | paused) echo running ;;
        created | exited | dead) echo stopped ;;
        *) echo unknown ;;
      esac
      ;;
    commands)
      within "$TELL_WITHIN" sh -c "$status" >/dev/null
      by_status $? 3 1
      ;;
    *) echo unknown ;;
  esac
}

# $1: exit status, $2 and $3: those that mean stopped
by_status() {
  case $1 in
    0) echo running ;;
    "$2" | "$3") echo stopped ;;
    *) echo unknown ;;
  esac
}

service_start() {
  case $manager in
    systemd)
      within "$ACT_WITHIN" systemctl reset-failed -- "$unit"
      within "$ACT_WITHIN" systemctl start -- "$unit"
      ;;
    openrc) within "$ACT_WITHIN" rc-service "$unit" start ;;
    docker) within "$ACT_WITHIN" docker start "$unit" ;;
    commands) within "$ACT_WITHIN" sh -c "$start" ;;
  esac >/dev/null 2>&1
}

service_stop() {
  case $manager in
    systemd) within "$ACT_WITHIN" systemctl stop -- "$unit" ;;
    openrc) within "$ACT_WITHIN" rc-service "$unit" stop ;;
    docker) within "$ACT_WITHIN" docker stop -t 15 "$unit" ;;
    commands) within "$ACT_WITHIN" sh -c "$stop" ;;
  esac >/dev/null 2>&1
}

# Stops the service within about $1 seconds: asks for it, and then ends whatever still has the stick open.
service_end() {
  service_stop 9<&- &
  until_uptime=$(($(uptime_seconds) + $1))
  while [ "$(service_state)" != stopped ] && [ "$(uptime_seconds)" -lt "$until_uptime" ]; do
    sleep 1
  done
  case $port in /*) end_users_of "$port" ;; esac
}

# KILL to every process that has the device open.
end_users_of() {
  for link in /proc/[0-9]*/fd/*; do
    [ "$link" -ef "$1" ] || continue
    process=${link#/proc/}
    kill -KILL "${process%%/*}" 2>/dev/null
  done
  return 0
}

# Stops the coordinator's radio by a soft reset, and sets `radio`: silent (proven), absent (there is no stick), shared
# (it is no stick of this node, and was left alone), or unknown: with the reason.
silence_radio() {
  if [ -z "$port" ]; then
    radio="shared: the coordinator is on the network and not this node's alone"
    return 0
  fi
  answer=$("$python" "${0%/*}/silence.py" "$port" 2 2>/dev/null 9<&-)
  case $answer in
    *'"resetSeen": true, "deviceState": 0}' | *'"resetSeen": true, "deviceState": 1}') radio=silent ;;
    *'"missing"'*) radio=absent ;;
    *'"busy"'*) radio="unknown: another program has the stick" ;;
    *'"outcome"'*) radio="unknown: the stick does not confirm its reset" ;;
    *) radio="unknown: $python cannot be run, so nothing could tell the stick to be silent" ;;
  esac
  case $radio in silent | absent) ;; *) return 1 ;; esac
}

# Whether any of these is reached: `tcp HOST PORT`, `ping HOST`. 0 yes, 7 none, anything else means that it could not be tried.
reaches() {
  "$python" "${0%/*}/reach.py" "$@" >/dev/null 2>&1 </dev/null 9<&-
}
