// What a store in Redis does in one step: scripts that compare and write, and the names node-redis calls them by. They
// must not know how the server is reached, nor how keys are named.
// Invariants: a script touches only the keys it is given, all in one slot of a cluster. Whatever somebody else has left
// under these keys makes none fail, and nothing is read that is larger than a cache writes (SPEC R34).
import { defineScript } from 'redis';
import { LATE_MS, MAX_FIELD_BYTES, MAX_LOG_BYTES, MAX_VALUE_BYTES } from './limits.js';
import { START } from './store.js';

const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** Reads what is small; anything else is nothing. */
const SMALL = `
local function is(key, kind) return redis.call('TYPE', key).ok == kind end
local function field(key, name)
  if not is(key, 'hash') or redis.call('HSTRLEN', key, name) > ${MAX_FIELD_BYTES} then return false end
  return redis.call('HGET', key, name)
end
local function text(key)
  if not is(key, 'string') or redis.call('STRLEN', key) > ${MAX_FIELD_BYTES} then return false end
  return redis.call('GET', key)
end
local function place(at)
  local time, number = (at or ''):match('^(%d+)-(%d+)$')
  return tonumber(time), tonumber(number)
end
`;

/** In base64. */
const MAX_TEXT = Math.ceil(MAX_VALUE_BYTES / 3) * 4;

const GET = `${SMALL}
if field(KEYS[1], 'ended') == '1' then return { 'ended', '' } end
if not is(KEYS[1], 'hash') or redis.call('HSTRLEN', KEYS[1], 'value') > ${MAX_TEXT} then return false end
local value = redis.call('HGET', KEYS[1], 'value')
return value and { 'value', value }
`;

const PUT = `${NOW}${SMALL}
local value, at, since, ttl, fence, lock, compares, replaces = unpack(ARGV)
if lock ~= '' and text(KEYS[2]) ~= lock then return 0 end
if field(KEYS[1], 'ended') == '1' then return 0 end
local held = field(KEYS[1], 'at')
if compares == '1' then
  local stands = ''
  if is(KEYS[1], 'hash') and redis.call('HSTRLEN', KEYS[1], 'value') <= ${MAX_TEXT} then
    stands = redis.call('HGET', KEYS[1], 'value') or ''
  end
  if stands ~= replaces then return 0 end
elseif now() - tonumber(since) >= tonumber(fence) or held == '' then
  return 0
elseif held then
  local held_time, held_number = place(held)
  local time, number = place(at)
  if held_time and (held_time > time or (held_time == time and held_number > number)) then return 0 end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'at', at, 'value', value)
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
`;

const BURY = `${SMALL}
local kind, ttl = unpack(ARGV)
if kind ~= 'end' and field(KEYS[1], 'ended') == '1' then return 1 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'at', '', unpack(kind == 'end' and { 'ended', '1' } or {}))
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
`;

/**
 * A log or a history that is missing, or is of another kind, makes way for a new one under another name. A log is there
 * before its first entry, so that one which somebody has deleted is noticed: its successor may give the same place to
 * another entry within the millisecond.
 */
const LOG = `${NOW}${SMALL}
local function renew(history)
  redis.call('DEL', KEYS[1])
  redis.call('XGROUP', 'CREATE', KEYS[1], 'made', '$', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[1], 'made')
  redis.call('SET', KEYS[2], history)
  return history
end
local function current_history(fresh)
  return is(KEYS[1], 'stream') and text(KEYS[2]) or renew(fresh)
end
`;

const APPEND = `${LOG}
local kind, key, writer, most, fresh, ttl, before = unpack(ARGV)
local history = current_history(fresh)
local is_late = before ~= '0' and now() - tonumber(before) >= ${LATE_MS}
local function add()
  local event = { 'kind', kind, 'key', key, 'writer', writer }
  if is_late then
    event[7], event[8] = 'before', before
  end
  return redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', most, '*', unpack(event))
end
local at = add()
if type(at) == 'table' and at.err and at.err:find('last possible') then
  history = renew(fresh)
  at = add()
end
if type(at) == 'table' then return at end
if KEYS[3] then
  if not is(KEYS[3], 'hash') then redis.call('DEL', KEYS[3]) end
  if not is_late then
    redis.call('HSET', KEYS[3], kind, at)
  else
    local held = tonumber(field(KEYS[3], 'before') or 0) or 0
    redis.call('HSET', KEYS[3], 'before', string.format('%.0f', math.max(held, tonumber(before))))
  end
  redis.call('PEXPIRE', KEYS[3], ttl)
end
return { history, at, tostring(now()) }
`;

/** Entries are read one by one: what others write may be of any size. */
const CHANGES = `${LOG}
local history, at, fresh, count = unpack(ARGV)
if at == '${START}' then at = '0-0' end
local current = current_history(fresh)
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local head = { current, newest and newest[1] or '0-0', tostring(now()) }
if history == '' then return { head, {}, 0 } end
if history ~= current then return false end
if at ~= head[2] then
  if not newest then return false end
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
local events, bytes, from = {}, 0, at
while #events < tonumber(count) and bytes < ${MAX_LOG_BYTES} do
  local entry = redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', 1)[1]
  if not entry then break end
  from = entry[1]
  local found = { kind = '', key = '', writer = '', before = '' }
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    bytes = bytes + #name + #value
    if found[name] and #value <= ${MAX_FIELD_BYTES} then found[name] = value end
  end
  events[#events + 1] = { from, found.kind, found.key, found.writer, found.before }
end
local more = 0
if from ~= head[2] and #events > 0 then
  more = 1
  head[2] = from
end
return { head, events, more }
`;

const EPOCHS = `${SMALL}
local function epoch(name)
  local at = field(KEYS[1], name)
  return at and place(at) and at or ''
end
return { epoch('revoke'), epoch('invalidate'), field(KEYS[1], 'before') or '0' }
`;

const EXTEND = `${SMALL}
if text(KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `${SMALL}
if text(KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
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
  getRecord: script(GET, 1),
  putRecord: script(PUT, 2),
  bury: script(BURY, 1),
  appendEvent: script(APPEND, 2),
  appendUserEvent: script(APPEND, 3),
  readChanges: script(CHANGES, 2),
  readEpochs: script(EPOCHS, 1),
  extendLock: script(EXTEND, 1),
  releaseLock: script(RELEASE, 1),
};
