# Sourced after common.sh: whether this node may run the service now (invariant I2).
#
# `epoch` holds the highest epoch that the node has heard of. `grant.json`, one line, is Understudy's permission for one
# epoch and one boot of this node. Nothing but a readable grant of this very boot and of the highest epoch counts.

# Sets `boot` to the kernel's name of this boot.
read_boot() {
  only_line "${UNDERSTUDY_BOOT_ID_FILE:-/proc/sys/kernel/random/boot_id}" || return 1
  boot=$line
  case $boot in '' | *[!A-Za-z0-9_-]*) return 1 ;; esac
}

# Sets `epoch`, 0 where the node has never heard of one. Fails where it cannot be read.
read_epoch() {
  epoch=0
  [ -e "$state/epoch" ] || return 0
  only_line "$state/epoch" && is_number "$line" || return 1
  epoch=$line
}

# Sets `grant_epoch` and `grant_boot`. Fails where there is no grant that is whole.
read_grant() {
  grant_epoch='' grant_boot=''
  only_line "$state/grant.json" || return 1
  case $line in '{"epoch":'*',"bootId":"'*'","handover":"'*'"}') ;; *) return 1 ;; esac
  rest=${line#'{"epoch":'}
  grant_epoch=${rest%%,*}
  rest=${rest#*',"bootId":"'}
  grant_boot=${rest%%'"'*}
  is_number "$grant_epoch" && [ -n "$grant_boot" ]
}

# Succeeds where the node may serve; otherwise `reason` says in words why not.
may_serve() {
  reason=
  if ! read_boot; then
    reason="it cannot tell which boot this is"
  elif ! read_epoch; then
    reason="the highest epoch it knows ($state/epoch) cannot be read"
  elif [ ! -e "$state/grant.json" ]; then
    reason="it has no grant: another node serves, or Understudy stopped the service here"
  elif ! read_grant; then
    reason="its grant ($state/grant.json) cannot be read"
  elif [ "$grant_boot" != "$boot" ]; then
    reason="it has booted since it was granted to serve (epoch $grant_epoch)"
  elif [ "$grant_epoch" -lt "$epoch" ]; then
    reason="its grant is for epoch $grant_epoch, and epoch $epoch has begun: another node took over"
  else
    return 0
  fi
  return 1
}

# Sets `heard` to the highest epoch of which any step has come to this node. A step is noted in `claim` before it does
# anything, so a take-over is known here even before the node is granted it. Fails where that cannot be read.
highest_heard() {
  read_epoch || return 1
  heard=$epoch
  [ -e "$state/claim" ] || return 0
  only_line "$state/claim" || return 1
  claimed=${line%%-*}
  is_number "$claimed" || return 1
  while [ "${claimed#0}" != "$claimed" ] && [ "$claimed" != 0 ]; do claimed=${claimed#0}; done
  [ "$claimed" -le "$heard" ] || heard=$claimed
}

# Grants this node an epoch for this boot; $2 says who did, in place of a handover's id. The lock must be held.
grant() {
  read_boot || return 1
  printf '%s\n' "$1" | keep epoch || return 1
  printf '{"epoch":%s,"bootId":"%s","handover":"%s"}\n' "$1" "$boot" "$2" | keep grant.json || return 1
  rm -f "$state/standing-by" "$state/fenced-itself"
  rm -rf "$state/as-left"
}

# Takes the permission to serve away.
revoke() {
  rm -f "$state/grant.json" && flush "$state"
}
