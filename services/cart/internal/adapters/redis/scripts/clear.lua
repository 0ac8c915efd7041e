-- KEYS: cart, the answer's if there is one to keep. ARGV: now, ttl, digest, the answer's ttl. The cart keeps its revision.
local key, now, ttl, digest, kept = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local first = repeated(KEYS[2], digest, now, kept)
if first then
  return first
end
begin(key, now, ttl)
if lines(key) > 0 then
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) ~= ':' then
      redis.call('HDEL', key, field)
    end
  end
  changed(key, now, ttl)
end
return done(KEYS[2], digest, now, kept, redis.call('HGETALL', key), {})
