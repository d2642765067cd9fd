#!/bin/sh
# reboot and poweroff of a host with openrc-init: through OpenRC, or at once with -f.
case ${0##*/} in
  reboot) shutdown=--reboot ;;
  *) shutdown=--poweroff ;;
esac
case " $* " in
  *" -f "*) exec busybox "${0##*/}" -f ;;
esac
exec openrc-shutdown "$shutdown" now
