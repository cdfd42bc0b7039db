"""What the store does on a Redis server: each script runs there whole, with nothing in between.

All keys begin with `vakhta:`. Values are kept as `<µs since 1970>:<bytes>`, the stamp being when they expire
(nothing: never), were appended or are due; the scores of sorted sets are for order and search alone.

schema                     the version of this layout
pairs  keys  expiry        hash key → value · its keys by name · those that expire, by when
seq                        the last number given to an entry of any log
log:L  log-ages:L  log-values:L        numbers in order · by moment · hash number → value
queue:Q  queue-values:Q                keys by when they are due · hash key → value
"""

PREFIX = "vakhta:"
SCHEMA = 1

# ARGV: the version known here. Always writes, for a replica, which can only be read, is found out by that alone.
OPEN = """
local found = tonumber(redis.call('GET', 'vakhta:schema') or 0)
if not found then return redis.error_reply('vakhta:schema holds no version') end
if found <= tonumber(ARGV[1]) then redis.call('SET', 'vakhta:schema', ARGV[1]) end
return found
"""

# ARGV: now, how many are swept at most, number of expectations, each (key, "=" and value, or "" for absent);
# then the writes, each a letter and its arguments. Answers 1, or 0 when an expectation fails.
WRITE = """
local place = 0
local function take() place = place + 1; return ARGV[place] end
local function forget(key)
  redis.call('HDEL', 'vakhta:pairs', key)
  redis.call('ZREM', 'vakhta:keys', key)
  redis.call('ZREM', 'vakhta:expiry', key)
end
local now, swept = take(), take()
for _ = 1, tonumber(take()) do
  local key, wanted = take(), take()
  local kept, found = redis.call('HGET', 'vakhta:pairs', key), ''
  if kept then
    local colon = string.find(kept, ':', 1, true)
    local expires = tonumber(string.sub(kept, 1, colon - 1))
    if not expires or expires > tonumber(now) then found = '=' .. string.sub(kept, colon + 1) end
  end
  if found ~= wanted then return 0 end
end
while place < #ARGV do
  local kind = take()
  if kind == 'put' then
    local key, expires, value = take(), take(), take()
    redis.call('HSET', 'vakhta:pairs', key, value)
    redis.call('ZADD', 'vakhta:keys', 0, key)
    if expires == '' then redis.call('ZREM', 'vakhta:expiry', key)
    else redis.call('ZADD', 'vakhta:expiry', expires, key) end
  elseif kind == 'delete' then
    forget(take())
  elseif kind == 'append' then
    local log, at, value = take(), take(), take()
    local seq = string.format('%d', redis.call('INCR', 'vakhta:seq'))
    redis.call('ZADD', 'vakhta:log:' .. log, seq, seq)
    redis.call('ZADD', 'vakhta:log-ages:' .. log, at, seq)
    redis.call('HSET', 'vakhta:log-values:' .. log, seq, value)
  elseif kind == 'schedule' then
    local queue, key, due, value = take(), take(), take(), take()
    redis.call('ZADD', 'vakhta:queue:' .. queue, due, key)
    redis.call('HSET', 'vakhta:queue-values:' .. queue, key, value)
  else
    local queue, key = take(), take()
    redis.call('ZREM', 'vakhta:queue:' .. queue, key)
    redis.call('HDEL', 'vakhta:queue-values:' .. queue, key)
  end
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', 'vakhta:expiry', '-inf', now, 'LIMIT', 0, swept)) do
  forget(key)
end
return 1
"""

# The three that read answer names and values in turn; a value without a name would be nil.
_TOGETHER = """
local rows = {}
for _, name in ipairs(names) do
  rows[#rows + 1] = name
  rows[#rows + 1] = redis.call('HGET', values, name)
end
return rows
"""

# ARGV: the first key, and what lies behind the last one, as ZRANGEBYLEX wants them.
SCAN = (
    """
local values, names = 'vakhta:pairs', redis.call('ZRANGEBYLEX', 'vakhta:keys', ARGV[1], ARGV[2])
"""
    + _TOGETHER
)

# ARGV: the log, the score to begin below, how many.
READ_LOG = (
    """
local values = 'vakhta:log-values:' .. ARGV[1]
local names = redis.call('ZREVRANGEBYSCORE', 'vakhta:log:' .. ARGV[1], ARGV[2], '-inf', 'LIMIT', 0, ARGV[3])
"""
    + _TOGETHER
)

# ARGV: the queue, now, how many.
DUE = (
    """
local values = 'vakhta:queue-values:' .. ARGV[1]
local names = redis.call('ZRANGEBYSCORE', 'vakhta:queue:' .. ARGV[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
"""
    + _TOGETHER
)

# ARGV: the log, the score below which entries go, how many at most. Answers how many went.
TRIM_LOG = """
local log = ARGV[1]
local old = redis.call('ZRANGEBYSCORE', 'vakhta:log-ages:' .. log, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, seq in ipairs(old) do
  redis.call('ZREM', 'vakhta:log:' .. log, seq)
  redis.call('ZREM', 'vakhta:log-ages:' .. log, seq)
  redis.call('HDEL', 'vakhta:log-values:' .. log, seq)
end
return #old
"""
