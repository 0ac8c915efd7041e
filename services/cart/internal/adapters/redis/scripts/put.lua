-- KEYS: cart, the answer's if there is one to keep.
-- ARGV: now, ttl, digest, the answer's ttl, product, quantity, most lines.
local key, now, ttl, digest, kept = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local product, quantity = ARGV[5], ARGV[6]
local first = repeated(KEYS[2], digest, now, kept)
if first then
  return first
end
begin(key, now, ttl)
local position, old = read(key, product)
if position then
  if old ~= quantity then
    write(key, product, position, quantity)
    changed(key, now, ttl)
  end
elseif lines(key) >= tonumber(ARGV[7]) then
  return {'FULL'}
else
  append(key, product, quantity)
  changed(key, now, ttl)
end
return done(KEYS[2], digest, now, kept, redis.call('HGETALL', key), {})
