#!/bin/sh
# What service scripts of OpenRC find as start-stop-daemon. OpenRC's own program, which Alpine has and Debian's package
# leaves out, differs from Debian's in four ways, made up for here: it notes for OpenRC what it started, so that
# `status` can say "crashed"; to stop what has ended already is a success; it waits up to 5 s for the end; and its
# option for a log file has another name.
daemon=/sbin/start-stop-daemon
notes=$RC_SVCDIR/daemons/$RC_SVCNAME

action=$1 exec='' pidfile='' retry=''
previous='' own=yes count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  count=$((count - 1))
  [ "$argument" != -- ] || own='' # What follows is the daemon's.
  case $own$previous in
    yes--exec) exec=$argument ;;
    yes--pidfile) pidfile=$argument ;;
    yes--retry) retry=$argument ;;
  esac
  previous=$argument
  [ "$own$argument" != yes--stdout ] || argument=--output
  set -- "$@" "$argument"
done

case $action in
  --start)
    "$daemon" "$@" || exit
    mkdir -p "$notes"
    printf 'exec=%s\npidfile=%s\n' "$exec" "$pidfile" >"$notes/001"
    ;;
  --stop)
    [ -n "$retry" ] || set -- "$@" --retry TERM/5
    "$daemon" "$@" --oknodo || exit
    [ -z "$pidfile" ] || rm -f "$pidfile"
    rm -rf "$notes"
    ;;
  *) exec "$daemon" "$@" ;;
esac
