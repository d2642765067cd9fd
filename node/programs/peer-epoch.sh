#!/bin/sh
# peer-epoch SETTINGS: what another node's key may run here, and nothing else: prints the highest epoch that this node has
# heard of. Whatever was asked for in its place is not looked at.
. "${0%/*}/common.sh"
. "${0%/*}/permission.sh"

read_settings "$1" && highest_heard && echo "understudy epoch $heard"
