-- Asks for the document with one session after another: `wrk -s requests.lua URL -- FILE`, a `Cookie` header a line. With a
-- second word, each is asked for once, and it ends.
local requests = {}
local next = 0
local answered = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format('GET', '/api/v1/users/me', { cookie = line })
  end
  if arguments[2] then
    response = function()
      answered = answered + 1
      if answered >= #requests then os.exit(0) end -- a thread that stops is waited for
    end
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end
