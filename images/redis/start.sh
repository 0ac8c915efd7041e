#!/bin/sh
# Writes a user for each folder of /etc/banyan/users/*/{username,password}, turns off the one without a name, and becomes
# the server. Passwords are hashed before they are written. Arguments go to the server, a configuration file first.
set -eu
umask 077
users=/tmp/users.acl
echo 'user default off' > "$users"
for folder in /etc/banyan/users/*/; do
  hash=$(printf %s "$(cat "$folder/password")" | sha256sum | cut -d' ' -f1)
  echo "user $(cat "$folder/username") on #$hash ~* &* +@all -@admin -@dangerous" >> "$users"
done
exec redis-server "$@" --aclfile "$users"
