-- Turns under several limits at once: all of them, or none. `orchestrator.pacing.gcra` says the
-- same as a pure rule and explains it; a property test holds the two together.
--
-- KEYS: the key that tells since when this book is kept, then one for each limit.
-- ARGV: "take", the horizon, then `apart` and `burst` of each limit
--       -> 1, at, now, since, and the slot under each limit; or 0, when to ask again, now
--       "give", the horizon, since, then `apart`, `burst` and the slot under each limit
--       -> now, or 0 when this is another book
-- A limit is kept as text: since, end, and the holes (from, to). All times are microseconds on
-- this server's clock.
local HOLES = 1000

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local horizon = tonumber(ARGV[2])

local function written(number)
  return string.format('%.0f', number)
end

local function begun()
  local since = tonumber(redis.call('GET', KEYS[1]) or nil)
  if since == nil or since > now then
    since = now
    redis.call('SET', KEYS[1], written(since))
  end
  return since
end

local since = begun()

local function dig(limit, from, to)
  if to - from >= limit.apart and #limit.holes < HOLES then
    limit.holes[#limit.holes + 1] = {from, to}
  end
end

local function read(limit)
  local kept = redis.call('GET', limit.key)
  limit.finish = math.max(now, since + limit.slack)
  limit.holes = {}
  if not kept then
    return false
  end
  local numbers = {}
  for number in string.gmatch(kept, '%d+') do
    numbers[#numbers + 1] = tonumber(number)
  end
  if numbers[1] ~= since then
    return false
  end
  local most = now + horizon + limit.apart * limit.burst
  limit.finish = math.max(limit.finish, math.min(numbers[2], most))
  for i = 3, #numbers, 2 do
    if numbers[i + 1] <= limit.finish then
      dig(limit, math.max(numbers[i], now), numbers[i + 1])
    end
  end
  return true
end

local function write(limit)
  local left = math.ceil((limit.finish - now) / 1000)
  if left <= 0 then
    redis.call('DEL', limit.key)
    return
  end
  local parts = {written(since), written(limit.finish)}
  for _, hole in ipairs(limit.holes) do
    parts[#parts + 1] = written(hole[1])
    parts[#parts + 1] = written(hole[2])
  end
  redis.call('SET', limit.key, table.concat(parts, ' '), 'PX', left)
end

local function limits(first, step)
  local all = {}
  for i = 2, #KEYS do
    local from = first + (i - 2) * step
    local apart, burst = tonumber(ARGV[from]), tonumber(ARGV[from + 1])
    all[#all + 1] = {
      key = KEYS[i], apart = apart, burst = burst, slack = apart * (burst - 1),
      slot = tonumber(ARGV[from + 2]),
    }
  end
  return all
end

local function first_slot(limit, at)
  for _, hole in ipairs(limit.holes) do
    local from = math.max(hole[1], at)
    if from + limit.apart <= hole[2] then
      return from
    end
  end
  return math.max(limit.finish, at)
end

local function occupy(limit, slot)
  local old, stop = limit.holes, slot + limit.apart
  limit.holes = {}
  for _, hole in ipairs(old) do
    if hole[1] <= slot and stop <= hole[2] then
      dig(limit, hole[1], slot)
      dig(limit, stop, hole[2])
    else
      dig(limit, hole[1], hole[2])
    end
  end
  if slot >= limit.finish then
    dig(limit, limit.finish, slot)
    limit.finish = stop
  end
end

local function vacate(limit)
  local free = {limit.slot, limit.slot + limit.apart}
  local all, joined = {free}, {}
  for _, hole in ipairs(limit.holes) do
    all[#all + 1] = hole
  end
  table.sort(all, function(one, two) return one[1] < two[1] end)
  for _, hole in ipairs(all) do
    local last = joined[#joined]
    if last and last[2] == hole[1] then
      last[2] = hole[2]
    else
      joined[#joined + 1] = {hole[1], hole[2]}
    end
  end
  if joined[#joined][2] == limit.finish then
    limit.finish = joined[#joined][1]
    joined[#joined] = nil
  end
  limit.holes = {}
  for _, hole in ipairs(joined) do
    dig(limit, hole[1], hole[2])
  end
end

local function take()
  local asked = limits(3, 2)
  for _, limit in ipairs(asked) do
    read(limit)
  end
  local at, settled = now, false
  while not settled do
    settled = true
    for _, limit in ipairs(asked) do
      local needed = first_slot(limit, at) - limit.slack
      if needed > at then
        at, settled = needed, false
      end
    end
  end
  if at - now > horizon then
    return {0, at - horizon, now}
  end
  local answer = {1, at, now, since}
  for _, limit in ipairs(asked) do
    local slot = first_slot(limit, at)
    occupy(limit, slot)
    write(limit)
    answer[#answer + 1] = slot
  end
  return answer
end

local function give()
  if tonumber(ARGV[3]) ~= since then
    return 0
  end
  for _, limit in ipairs(limits(4, 3)) do
    if read(limit) then
      vacate(limit)
      write(limit)
    end
  end
  return now
end

if ARGV[1] == 'take' then
  return take()
end
return give()
