#!/bin/sh
# gate STATE: run by the service manager before it starts the service. Exits with 0 if this node may serve now, else with
# 1 after saying why. It reads three small files and starts no program where the answer is yes.
. "${0%/*}/common.sh"
. "${0%/*}/permission.sh"

state=$1
! may_serve || exit 0
say "the service is not started, because this node stands by: $reason."
say "Two nodes that serve at once would damage the Zigbee network. Let Understudy decide: understudy status."
say "If Understudy and all other nodes are dead, their sticks unplugged or without power: understudy-node start --i-know"
# systemd finds out whose words these are as long as whoever said them lives.
[ -n "${JOURNAL_STREAM-}" ] || [ ! -d /run/systemd/system ] || sleep 1
exit 1
