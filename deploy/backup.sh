#!/bin/sh
# What cannot be had again on this server, into a directory of the day: deploy/backup.sh server1|server2 [WHERE]
# As root, every night. One without `.part` at its end is whole. How to have it back: README.md beside this file.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
server=$1
day=${2:-/backup}/$server-$(date +%F)
held=
trap '[ -z "$held" ] || docker unpause "$held" > /dev/null' EXIT
trap 'exit 1' HUP INT TERM

# keep VOLUME [CONTAINER]: this one, which writes to a database of its own there, is held for that moment. So the files are
# as after a power cut, which its database survives, and nobody is told that it is down.
keep() {
  if [ -n "${2-}" ] && [ "$(docker inspect -f '{{.State.Status}}' "$2")" = running ]; then
    held=$2
    docker pause "$held" > /dev/null
  fi
  at=$(docker volume inspect -f '{{.Mountpoint}}' "$1")
  tar -C "$at" --numeric-owner -czf "$day.part/volumes/$1.tgz" .
  [ -z "$held" ] || docker unpause "$held" > /dev/null
  held=
}

rm -rf "$day.part"
mkdir -p "$day.part/volumes"
case $server in
  server1)
    keep automation_n8n_data n8n
    keep automation_redis_data redis
    keep automation_vakhta_data vakhta
    keep monitoring-central_alertmanager_data alertmanager
    keep monitoring-central_grafana_data grafana
    ;;
  server2)
    docker exec postgres pg_dump -U postgres -Fc directus > "$day.part/directus.dump"
    docker exec postgres pg_dumpall -U postgres --globals-only > "$day.part/roles.sql"
    keep platform_directus_uploads
    keep platform_directus_extensions
    keep platform_pgadmin_data pgadmin
    keep platform_portainer_data portainer
    ;;
  *)
    echo "no server of that name: $server" >&2
    exit 1
    ;;
esac

set --
for each in common/.env "$server/.env" "$server/secrets" "$server/vakhta.yaml" "$server/known_hosts" \
  monitoring/agent/.env monitoring/agent/secrets monitoring/central/.env monitoring/central/secrets; do
  [ ! -e "$here/$each" ] || set -- "$@" "$each"
done
tar -C "$here" --numeric-owner -czf "$day.part/settings.tgz" "$@"
rm -rf "$day"
mv "$day.part" "$day"
