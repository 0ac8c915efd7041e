#!/bin/bash
# Ready when it answers at all and is not loading its file: without a log-in that answer is NOAUTH.
exec 3<>/dev/tcp/127.0.0.1/6379
printf 'PING\r\n' >&3
read -r -t 2 answer <&3
[[ $answer == -NOAUTH* || $answer == +PONG* ]]
