-- Asks for the document with one session after another: `wrk -s requests.lua URL -- FILE`, a `Cookie` header a line.
local requests = {}
local next = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format('GET', '/api/v1/users/me', { cookie = line })
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end
