-- KEYS: cart. ARGV: now, ttl, product, quantity, most lines. Answers the cart's hash, or FULL.
local key, now, ttl, product, quantity = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
begin(key, now, ttl)
local position, old = read(key, product)
if position then
  if old ~= quantity then
    write(key, product, position, quantity)
    changed(key, now, ttl)
  end
elseif lines(key) >= tonumber(ARGV[5]) then
  return {'FULL'}
else
  append(key, product, quantity)
  changed(key, now, ttl)
end
return redis.call('HGETALL', key)
