-- KEYS: cart. ARGV: now, ttl. Answers the cart's hash, which keeps its revision.
local key, now, ttl = KEYS[1], ARGV[1], ARGV[2]
begin(key, now, ttl)
if lines(key) > 0 then
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) ~= ':' then
      redis.call('HDEL', key, field)
    end
  end
  changed(key, now, ttl)
end
return redis.call('HGETALL', key)
