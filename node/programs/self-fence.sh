#!/bin/sh
# self-fence SETTINGS: runs for ever. When for `self_fence` seconds none of this node's contacts (broker, peers, controller)
# could be reached, it stops the service and silences its stick, because Understudy may then let another node serve.
. "${0%/*}/common.sh"
. "${0%/*}/permission.sh"
. "${0%/*}/service.sh"

# Seconds for the service to stop before its process is killed. Understudy counts on the sum of these times:
# node/self-fence.ts.
STOP_WITHIN=15
LOCK_WITHIN=5

# Whether any contact can be reached. That this could not be tried says nothing, and so never ends a service.
in_contact() {
  set --
  while read -r contact; do
    [ -z "$contact" ] || set -- "$@" "$contact"
  done <<END
$contacts
END
  reaches "$@"
  result=$?
  case $result in 0 | 7) blind=no ;; *)
    [ "$blind" = yes ] || say "its contacts cannot be tried (status $result): this node cannot fence itself."
    blind=yes
    ;;
  esac
  [ "$result" != 7 ]
}

# For Understudy: that this guard watches, in this boot, and when it last did. Not while it is blind.
note_watch() {
  [ "$blind" = no ] || { rm -f "$RUN/$instance.guard"; return; }
  printf 'boot=%s\nafter=%s\nuptime=%s\n' "$boot" "$self_fence" "$1" >"$RUN/.$instance.guard" &&
    mv "$RUN/.$instance.guard" "$RUN/$instance.guard"
}

note_fenced() {
  printf 'at=%s\nboot=%s\nuptime=%s\nradio=%s\n' "$(now)" "$boot" "$(uptime_seconds)" "$1" | keep fenced-itself
}

fence_itself() {
  say "no contact with anything for $self_fence s: the service is stopped and its radio silenced, since another node may take over."
  note_fenced "under way"
  revoke
  lock "$LOCK_WITHIN"
  service_end "$STOP_WITHIN"
  until silence_radio; do
    say "the radio may be on the air: ${radio#unknown: }; it is tried again."
    # Understudy, should it reach the node again, must be able to fence it too, or to grant it anew.
    unlock
    sleep 2
    lock "$LOCK_WITHIN" || continue
    if may_serve; then
      unlock
      return
    fi
    service_end "$STOP_WITHIN"
  done
  note_fenced "$radio"
  unlock
  say "fenced itself. Radio: $radio."
}

# Whether there may be anything to silence: a Zigbee2MQTT that ended by itself, for want of its broker, leaves its radio on.
is_on_duty() {
  { may_serve || [ "$(service_state)" != stopped ]; } && ! is_emergency
}

# A person who started the service here although everything else is dead has answered for it.
is_emergency() {
  may_serve && grep -q '"handover":"alone-person"' "$state/grant.json"
}

read_settings "$1" && read_boot && is_number "$self_fence" || { say "this node's settings ($1) cannot be read."; exit 1; }
mkdir -p "$RUN"
pause=$((self_fence / 6))
[ "$pause" -ge 1 ] || pause=1
[ "$pause" -le 10 ] || pause=10
blind=no cut_since='' looked=$(uptime_seconds)
while :; do
  if in_contact; then reached=yes; else reached=no; fi
  at=$(uptime_seconds)
  # A machine that was frozen or asleep has seen nothing in that time.
  [ $((at - looked)) -le $((pause + 30)) ] || cut_since=
  looked=$at
  if [ "$reached" = yes ]; then cut_since=; else cut_since=${cut_since:-$at}; fi
  note_watch "$at"
  if [ -n "$cut_since" ] && [ $((at - cut_since)) -ge "$self_fence" ] && is_on_duty; then
    fence_itself
  fi
  sleep "$pause"
done
