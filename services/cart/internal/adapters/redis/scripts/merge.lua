-- KEYS: the user's cart, the guest's, the answer's if there is one to keep.
-- ARGV: now, the user's ttl, digest, the answer's ttl, the guest's ttl, most lines.
-- Products that find no room are dropped: told, and left in the guest's cart.
local user, guest, now, digest, kept = KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[4]
local first = repeated(KEYS[3], digest, now, kept)
if first then
  return first
end
begin(user, now, ARGV[2])
begin(guest, now, ARGV[5])

local theirs = {}
local flat = redis.call('HGETALL', guest)
for i = 1, #flat, 2 do
  if string.sub(flat[i], 1, 1) ~= ':' then
    local position, quantity = string.match(flat[i + 1], '^(%d+) (%d+)$')
    theirs[#theirs + 1] = {product = flat[i], position = tonumber(position), quantity = quantity}
  end
end
table.sort(theirs, function(a, b) return a.position < b.position end)

local dropped, moved, gained = {}, false, false
for _, line in ipairs(theirs) do
  local position, quantity = read(user, line.product)
  if not position and lines(user) >= tonumber(ARGV[6]) then
    dropped[#dropped + 1] = line.product
  else
    if not position then
      append(user, line.product, line.quantity)
      -- A new cart gets all its fields with its first line, since `lines` counts on them.
      redis.call('HSETNX', user, ':rev', 0)
      redis.call('HSETNX', user, ':at', now)
      gained = true
    elseif tonumber(quantity) < tonumber(line.quantity) then
      write(user, line.product, position, line.quantity)
      gained = true
    end
    redis.call('HDEL', guest, line.product)
    moved = true
  end
end
if moved then
  changed(guest, now, ARGV[5])
end
if gained then
  changed(user, now, ARGV[2])
end
return done(KEYS[3], digest, now, kept, redis.call('HGETALL', user), dropped)
