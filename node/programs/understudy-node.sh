#!/bin/sh
# understudy-node: for a person on this node. See docs/nodes.md.
library=${UNDERSTUDY_LIBRARY:-/usr/local/lib/understudy}
. "$library/common.sh"
. "$library/permission.sh"
. "$library/service.sh"
. "$library/peers.sh"

usage() {
  cat >&2 <<'END'
understudy-node status [NAME]             whether this node may serve, and why not
understudy-node start [NAME] --i-know     starts the service although Understudy does not answer
understudy-node silence [NAME]            stops the radio of this node's stick, while the service is stopped
understudy-node peers [NAME]              asks the other nodes what they know, as after a boot with offlineBoot: last-holder
NAME is needed only where several services are set up on this node.
END
  exit 2
}

fail() {
  echo "understudy-node: $*" >&2
  exit 1
}

choose() {
  if [ -z "$name" ]; then
    set -- "$CONFIG"/*.conf
    [ $# -eq 1 ] && [ -e "$1" ] || fail "name one of: $(cd "$CONFIG" 2>/dev/null && ls | sed -n 's/\.conf$//p' | tr '\n' ' ')"
    name=${1##*/}
    name=${name%.conf}
  fi
  read_settings "$CONFIG/$name.conf" || fail "$CONFIG/$name.conf cannot be read (are you root?), or names no service that is set up here."
}

show() {
  echo "$instance: the service is $(service_state)."
  if may_serve; then
    echo "This node may serve: epoch $grant_epoch, granted in this boot."
  else
    echo "This node stands by: $reason."
  fi
  for file in standing-by fenced-itself acted-alone; do
    [ ! -s "$state/$file" ] || { echo "$file:"; sed 's/^/  /' "$state/$file"; }
  done
}

show_peers() {
  all=$peers
  while read -r peer; do
    [ -n "$peer" ] || continue
    peers=$peer
    if peers_confirm 0 || [ $? = 1 ]; then echo "${peer%% *} answers: epoch $told"; else echo "$answer"; fi
  done <<END
$all
END
}

# The last resort. Nobody is asked, so the person who does it must know that no other node serves.
start_anyway() {
  if [ "$agreed" != yes ]; then
    cat >&2 <<END
understudy-node: nothing was done. This starts the service here without asking anybody.
Do it only if Understudy cannot be reached, and every other node is off or its stick is unplugged:
two nodes that serve at once damage the Zigbee network. Then: understudy-node start $instance --i-know
END
    exit 2
  fi
  ! grep -q '"state":"dirty"' "$state/coordinator.json" 2>/dev/null ||
    fail "the stick was being written when something failed: with it Zigbee2MQTT would form a new network. Only Understudy can mend that."
  for file in configuration.yaml database.db coordinator_backup.json; do
    [ -s "$data/$file" ] || fail "$data/$file is missing: this node has never served, and would form a new network."
  done
  lock 20 || fail "another command of Understudy's is at work on this node: it is not dead. Ask it: understudy status"
  if ! may_serve; then
    highest_heard || fail "the epochs in $state cannot be read. Remove $state/epoch and $state/claim if this node is to serve."
    grant "$((heard + 1))" alone-person || fail "the grant could not be written to $state: is the disk full?"
    grant_epoch=$((heard + 1))
    note_alone "a person on this node ordered it: understudy-node start --i-know" || true
  fi
  service_start
  unlock
  [ "$(service_state)" != stopped ] || fail "the service did not start: look into its log."
  say "the service was started on this node by a person (epoch $grant_epoch). Understudy will be told as soon as it looks."
}

command=${1-} name='' agreed=no
[ $# -eq 0 ] || shift
for argument; do
  case $argument in
    --i-know) agreed=yes ;;
    -*) usage ;;
    *) name=$argument ;;
  esac
done
case $command in
  status)
    choose
    show
    ;;
  start)
    choose
    start_anyway
    ;;
  silence)
    choose
    [ "$(service_state)" != running ] || fail "the service runs here; stop it first."
    silence_radio || fail "the radio may be on the air: ${radio#unknown: }."
    echo "Radio: $radio."
    ;;
  peers)
    choose
    show_peers
    ;;
  *) usage ;;
esac
