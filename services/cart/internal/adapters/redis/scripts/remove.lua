-- KEYS: cart. ARGV: now, ttl, product. Answers the cart's hash.
local key, now, ttl = KEYS[1], ARGV[1], ARGV[2]
begin(key, now, ttl)
if redis.call('HDEL', key, ARGV[3]) == 1 then
  changed(key, now, ttl)
end
return redis.call('HGETALL', key)
