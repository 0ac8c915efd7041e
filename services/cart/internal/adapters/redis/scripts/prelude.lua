-- Shared by the scripts that change a cart; it stands before each of them. The layout of a cart's hash is in store.go.
-- Times: microseconds since 1970 by the caller's clock, TTLs: milliseconds.

-- Drops a cart whose time is over by the caller's clock, which may be ahead of the server's.
local function begin(key, now, ttl)
  local at = redis.call('HGET', key, ':at')
  if at and tonumber(now) - tonumber(at) >= tonumber(ttl) * 1000 then
    redis.call('DEL', key)
  end
end

-- Counts a change and starts the cart's time anew.
local function changed(key, now, ttl)
  redis.call('HINCRBY', key, ':rev', 1)
  redis.call('HSET', key, ':at', now)
  redis.call('PEXPIRE', key, ttl)
end

local function lines(key)
  local fields = redis.call('HLEN', key)
  return fields > 0 and fields - 3 or 0
end

-- Position and quantity of a product, both text; nil when it is not in the cart.
local function read(key, product)
  local line = redis.call('HGET', key, product)
  if line then
    return string.match(line, '^(%d+) (%d+)$')
  end
end

local function write(key, product, position, quantity)
  redis.call('HSET', key, product, position .. ' ' .. quantity)
end

local function append(key, product, quantity)
  write(key, product, redis.call('HINCRBY', key, ':seq', 1), quantity)
end
