# Sourced after permission.sh: what a node may do by itself while Understudy is silent (`offlineBoot: last-holder`).

# Whether this node was the last to be granted, as far as it knows, and is fit to go on. Sets `grant_epoch`.
is_last_holder() {
  read_grant && highest_heard && [ "$grant_epoch" -ge "$heard" ] || return 1
  # A coordinator whose last write did not end well is never started.
  ! grep -q '"state":"dirty"' "$state/coordinator.json" 2>/dev/null
}

# Asks every peer for the highest epoch it has heard of, over a key that can do nothing else. 0: none is higher than $1.
# 1: one is. 2: one did not answer. `answer` says which.
peers_confirm() {
  answer='no peer is known'
  [ -n "$peers" ] || return 2
  while read -r name address sshport; do
    [ -n "$name" ] || continue
    told=$(ask_peer "$name" "$address" "$sshport")
    case $told in "understudy epoch "*) told=${told#understudy epoch } ;; *) told= ;; esac
    if ! is_number "$told"; then
      answer="$name does not answer"
      return 2
    fi
    if [ "$told" -gt "$1" ]; then
      answer="$name knows epoch $told"
      return 1
    fi
  done <<END
$peers
END
  answer="no peer knows a higher epoch than $1"
}

ask_peer() {
  ssh -i "$CONFIG/$instance.peers/key" -p "$3" -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$CONFIG/$instance.peers/known_hosts" \
    -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias="$1" -o ConnectTimeout=5 -o ServerAliveInterval=3 \
    -o ServerAliveCountMax=2 -o LogLevel=ERROR -F /dev/null "$2" 2>/dev/null </dev/null 9<&- | head -c 100
}

# Grants this node its old epoch for this boot and starts the service, unless any step of Understudy's came here since
# `$1`, the content of `claim`, was read. $2: the epoch that the peers were asked about.
serve_alone() {
  lock 20 || return 1
  if may_serve || ! is_last_holder || [ "$grant_epoch" != "$2" ] || [ "$(cat "$state/claim" 2>/dev/null)" != "$1" ]; then
    unlock
    return 1
  fi
  grant "$grant_epoch" alone-last-holder &&
    note_alone "last holder: $answer" &&
    service_start
  unlock
}

# Keeps that the service was started here without Understudy, for it to be told. $1: why.
note_alone() {
  printf 'at=%s\nboot=%s\nepoch=%s\nwhy=%s\n' "$(now)" "$boot" "$grant_epoch" "$1" | keep acted-alone
}
