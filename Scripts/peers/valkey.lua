#!lua name=pinvault_peer
-- The seller's job as Valkey and Redis do it best: the functions run in the server, so that a call is one round trip and all
-- or nothing. A card is "SERIAL PIN" in the list of its product; a reservation is a hash. Nothing is sealed, nobody is
-- authenticated, and no index of deadlines is kept for what would give cards back: all of that is left out in its favour.

-- keys: reservation, stock; args: deadline in milliseconds. 1 if a card is held under that id, 0 if there was none left.
local function reserve(keys, args)
  if redis.call('EXISTS', keys[1]) == 1 then return 1 end
  local card = redis.call('LPOP', keys[2])
  if not card then return 0 end
  redis.call('HSET', keys[1], 'card', card, 'deadline', args[1], 'state', 'reserved')
  return 1
end

-- keys: reservation. The card if it is held in time, or was dispensed before.
local function dispense(keys, args)
  local held = redis.call('HMGET', keys[1], 'card', 'deadline', 'state')
  if not held[1] then return false end
  if held[3] == 'reserved' then
    if redis.call('TIME')[1] * 1000 > tonumber(held[2]) then return false end
    redis.call('HSET', keys[1], 'state', 'dispensed')
  end
  return held[1]
end

-- keys: reservation, stock. Both in one call.
local function vend(keys, args)
  local known = redis.call('HGET', keys[1], 'card')
  if known then return known end
  local card = redis.call('LPOP', keys[2])
  if not card then return false end
  redis.call('HSET', keys[1], 'card', card, 'state', 'dispensed')
  return card
end

redis.register_function('reserve', reserve)
redis.register_function('dispense', dispense)
redis.register_function('vend', vend)
