// What a store in Redis does in one step: scripts that compare and write, and the names node-redis calls them by. They
// must not know how the server is reached, nor how keys are named.
// Invariant: a script touches only the keys it is given, all in one slot of a cluster.
import { defineScript } from 'redis';

const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

const PUT = `${NOW}
local function is_later(a, b)
  local a_time, a_number = a:match('(%d+)-(%d+)')
  local b_time, b_number = b:match('(%d+)-(%d+)')
  if a_time ~= b_time then return tonumber(a_time) > tonumber(b_time) end
  return tonumber(a_number) > tonumber(b_number)
end
local value, at, since, ttl, fence, lock = unpack(ARGV)
if lock ~= '' and redis.call('GET', KEYS[2]) ~= lock then return 0 end
if now() - tonumber(since) >= tonumber(fence) then return 0 end
local held = redis.call('HGET', KEYS[1], 'at')
if held and (held == '' or is_later(held, at)) then return 0 end
redis.call('HSET', KEYS[1], 'at', at, 'value', value)
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
`;

const BURY = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'at', '')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

const APPEND = `${NOW}
local kind, key, writer, most, history, ttl = unpack(ARGV)
redis.call('SET', KEYS[2], history, 'NX')
local at = redis.call('XADD', KEYS[1], 'MAXLEN', '~', most, '*', 'kind', kind, 'key', key, 'writer', writer)
if KEYS[3] then
  redis.call('HSET', KEYS[3], kind, at)
  redis.call('PEXPIRE', KEYS[3], ttl)
end
return { redis.call('GET', KEYS[2]), at, tostring(now()) }
`;

const CHANGES = `${NOW}
local history, at, fresh, count = unpack(ARGV)
redis.call('SET', KEYS[2], fresh, 'NX')
local current = redis.call('GET', KEYS[2])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local head = { current, newest and newest[1] or '0-0', tostring(now()) }
if history == '' then return { head, {} } end
if history ~= current then return false end
if newest and at ~= newest[1] then
  local is_there
  if at == '0-0' then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    local length, added
    for i = 1, #info, 2 do
      if info[i] == 'length' then length = info[i + 1] end
      if info[i] == 'entries-added' then added = info[i + 1] end
    end
    is_there = length == added
  else
    is_there = #redis.call('XRANGE', KEYS[1], at, at) == 1
  end
  if not is_there then return false end
end
local events = redis.call('XRANGE', KEYS[1], '(' .. at, '+', 'COUNT', count)
if #events == tonumber(count) then head[2] = events[#events][1] end
return { head, events }
`;

const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** @param {string} source @param {number} keys */
const script = (source, keys) =>
  defineScript({
    SCRIPT: source,
    NUMBER_OF_KEYS: keys,
    parseCommand(parser, /** @type {any} */ names, /** @type {any} */ values) {
      for (const name of names) parser.pushKey(name);
      parser.push(...values);
    },
    transformReply: (/** @type {any} */ reply) => reply,
  });

export const scripts = {
  putRecord: script(PUT, 2),
  bury: script(BURY, 1),
  appendEvent: script(APPEND, 2),
  appendUserEvent: script(APPEND, 3),
  readChanges: script(CHANGES, 2),
  extendLock: script(EXTEND, 1),
  releaseLock: script(RELEASE, 1),
};
