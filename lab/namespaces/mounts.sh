# Sourced by install.sh and boot.sh with the host's root as current directory.

# What a host sees of this machine besides its system. $1: table of kind, source, target and upper directory by tabs.
mount_table() {
  tab=$(printf '\t')
  while IFS=$tab read -r kind source target upper; do
    if [ -d "$source" ]; then
      mkdir -p ".$target"
    else
      mkdir -p ".${target%/*}"
      : >>".$target"
    fi
    case $kind in
      bind)
        mount --bind "$source" ".$target"
        mount -o remount,bind,ro ".$target"
        ;;
      overlay) mount -t overlay -o "lowerdir=$source,upperdir=$upper/upper,workdir=$upper/work" overlay ".$target" ;;
      volume) mount --bind "$source" ".$target" ;;
    esac
  done <"$1"
}
