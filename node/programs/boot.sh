#!/bin/sh
# boot SETTINGS: run once after each boot. A node that boots stands by: the service is stopped should anything have
# started it, its stick is silenced (it kept its power, and its radio, over a mere reboot), and it says so. Then, with
# `offlineBoot: last-holder`, it serves again once every peer confirms that nobody took over.
. "${0%/*}/common.sh"
. "${0%/*}/permission.sh"
. "${0%/*}/service.sh"
. "${0%/*}/peers.sh"

# Seconds: for a stick to appear; for Understudy to grant anew, before peers are asked; between two questions.
PORT_WITHIN=30
GRACE=${UNDERSTUDY_GRACE_SECONDS:-30}
ASK_EVERY=${UNDERSTUDY_ASK_SECONDS:-10}

wait_for_port() {
  left=$PORT_WITHIN
  while [ "$left" -gt 0 ]; do
    case $port in
      tcp://*) ! reaches "tcp $(tcp_words "${port#tcp://}")" || return 0 ;;
      *) [ ! -e "$port" ] || return 0 ;;
    esac
    sleep 1
    left=$((left - 1))
  done
}

# `HOST:PORT` as two words.
tcp_words() {
  echo "${1%:*} ${1##*:}"
}

stand_by() {
  [ -z "$port" ] || wait_for_port
  lock 60 || say "another command holds this node; it stands by all the same."
  if may_serve; then # Understudy was quicker.
    unlock
    return
  fi
  why=$reason
  case $(service_state) in
    running)
      say "the service runs though this node stands by; it is stopped."
      service_end 20
      ;;
    unknown)
      say "whether the service runs cannot be told ($manager does not answer); it is stopped, since this node stands by."
      service_end 20
      ;;
  esac
  silence_radio || { sleep 2; silence_radio; } || say "the radio may be on the air: ${radio#unknown: }."
  printf 'since=%s\nboot=%s\nradio=%s\nreason=%s\n' "$(now)" "$boot" "$radio" "$why" | keep standing-by
  unlock
  say "this node stands by: $why. Radio: $radio."
}

wait_for_peers() {
  said=
  sleep "$GRACE"
  until may_serve; do
    claim=$(cat "$state/claim" 2>/dev/null)
    if ! is_last_holder; then
      say "it was not the last to serve, as far as it knows: it waits for Understudy."
      return
    fi
    asked=$grant_epoch
    peers_confirm "$asked"
    case $? in
      0)
        if broker_answers; then
          serve_alone "$claim" "$asked" && say "the service was started without Understudy: $answer."
        else
          answer="the broker does not answer"
        fi
        ;;
      1)
        say "it waits for Understudy: $answer."
        return
        ;;
    esac
    [ "$answer" = "$said" ] || say "it goes on standing by until Understudy or its peers answer: $answer."
    said=$answer
    may_serve || sleep "$ASK_EVERY"
  done
}

# Without a broker Zigbee2MQTT would leave its radio on the air and end.
broker_answers() {
  [ -z "$broker" ] || reaches "tcp $broker"
}

read_settings "$1" && read_boot || { say "this node's settings ($1) cannot be read."; exit 1; }
mkdir -p "$RUN"
if ! only_line "$RUN/$instance.booted" || [ "$line" != "$boot" ]; then
  stand_by
  echo "$boot" >"$RUN/$instance.booted"
fi
[ "$offline_boot" != last-holder ] || wait_for_peers
