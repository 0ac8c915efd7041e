-- Shared by the scripts that answer requests; it stands after the prelude. The first answer to a request with a key is kept
-- under `name` (nil for a request without one) in the same step as its effect: {digest, at, cart, dropped}, `at` by the
-- caller's clock. Every answer is {what, cart, dropped}: DONE, AGAIN (the first answer, given again), REUSED (the key came
-- with another request), or FULL.

-- The answer to a repeat, nil for a first request. ttl in milliseconds.
local function repeated(name, digest, now, ttl)
  local kept = name and redis.call('GET', name)
  if not kept then
    return nil
  end
  local first = cmsgpack.unpack(kept)
  if tonumber(now) - tonumber(first[2]) >= tonumber(ttl) * 1000 then
    return nil
  elseif first[1] ~= digest then
    return {'REUSED'}
  end
  return {'AGAIN', first[3], first[4]}
end

local function done(name, digest, now, ttl, cart, dropped)
  if name then
    redis.call('SET', name, cmsgpack.pack({digest, now, cart, dropped}), 'PX', ttl)
  end
  return {'DONE', cart, dropped}
end
