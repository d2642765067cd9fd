# Sourced after common.sh: the service on this node, through whatever manages it, and the radio below it.

# Prints running, stopped or unknown.
service_state() {
  case $manager in
    systemd)
      case $(systemctl show -p ActiveState -- "$unit" 2>/dev/null) in
        ActiveState=inactive | ActiveState=failed) echo stopped ;;
        ActiveState=?*) echo running ;;
        *) echo unknown ;;
      esac
      ;;
    openrc)
      rc-service "$unit" status >/dev/null 2>&1
      by_status $? 3 32
      ;;
    docker)
      case $(docker inspect --type container -f '{{.State.Status}}' "$unit" 2>/dev/null) in
        running | restarting | paused) echo running ;;
        created | exited | dead) echo stopped ;;
        *) echo unknown ;;
      esac
      ;;
    commands)
      sh -c "$status" >/dev/null 2>&1 </dev/null
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
    systemd) systemctl reset-failed -- "$unit" 2>/dev/null; systemctl start -- "$unit" ;;
    openrc) rc-service "$unit" start ;;
    docker) docker start "$unit" ;;
    commands) sh -c "$start" ;;
  esac </dev/null >/dev/null 2>&1 9<&-
}

service_stop() {
  case $manager in
    systemd) systemctl stop -- "$unit" ;;
    openrc) rc-service "$unit" stop ;;
    docker) docker stop -t 15 "$unit" ;;
    commands) sh -c "$stop" ;;
  esac </dev/null >/dev/null 2>&1 9<&-
}

# Stops the service within about $1 seconds: asks for it, and then ends whatever still has the stick open.
service_end() {
  service_stop &
  left=$1
  while [ "$left" -gt 0 ] && [ "$(service_state)" != stopped ]; do
    sleep 1
    left=$((left - 1))
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
