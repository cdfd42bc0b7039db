#!/bin/sh
# Install, on Debian and as root, the packages of packages.txt whose commands are missing.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=$(grep -v '^#' "$(dirname "$0")/packages.txt" | while read -r command package; do
    command -v "$command" >/dev/null || echo "$package"
done | sort -u)
[ -n "$missing" ] || exit 0
echo "Installing for the tests:" $missing
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends $missing
