-- KEYS: cart, the marker of the event. ARGV: now, ttl, the marker's ttl, then product and quantity of each line bought.
-- Answers 1, or 0 when the event was settled before. Marker and effect are one step: neither is without the other.
local key, marker, now, ttl = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
if not redis.call('SET', marker, '1', 'NX', 'PX', ARGV[3]) then
  return 0
end
begin(key, now, ttl)
local settled = false
for i = 4, #ARGV, 2 do
  local product, bought = ARGV[i], tonumber(ARGV[i + 1])
  local position, quantity = read(key, product)
  if position and bought >= 1 then
    settled = true
    if tonumber(quantity) <= bought then
      redis.call('HDEL', key, product)
    else
      write(key, product, position, string.format('%d', tonumber(quantity) - bought))
    end
  end
end
if settled then
  changed(key, now, ttl)
end
return 1
