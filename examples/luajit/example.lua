-- A gateway's request metrics, recorded as its log phase would and printed as its metrics page would.
--
-- Run in the project's root, after `make prefix`:
--   TYKMETRICS_LIBRARY=target/prefix/lib/libtykmetrics.so luajit examples/luajit/example.lua

package.path = (arg[0]:match("^(.*/)") or "./") .. "?.lua;" .. package.path
local tykmetrics = require("tykmetrics")

-- init_worker_by_lua: once.
local registry = tykmetrics.registry({ worker = "0" }) -- ngx.worker.id()
local requests = registry:counter({
  name = "gateway_requests_total",
  help = "Requests answered",
  labels = { "route", "method", "status" },
  limit = 1000,
})
local duration = registry:histogram({
  name = "gateway_request_duration",
  unit = "seconds",
  help = "Time to answer",
  labels = { "route" },
  buckets = { 0.005, 0.05, 0.5 },
})
local connections = registry:gauge({ name = "gateway_connections", help = "Connections that are open" })

-- log_by_lua: for each request, with what nginx knows of it.
local function log(request)
  requests:add(1, request.route, request.method, request.status)
  duration:observe(request.seconds, request.route)
end

for at = 1, 3000 do
  local failed = at % 100 == 0
  log({
    route = at % 3 == 0 and "/users" or "/orders",
    method = "GET",
    status = failed and 502 or 200,
    seconds = (at % 4) / 64,
  })
end
connections:set(7)

-- content_by_lua, for /metrics: with the headers of the client.
local body, content_type = registry:render("text/plain;version=0.0.4", nil)
print("Content-Type: " .. content_type)
print()
io.write(body)

-- A mistake is a Lua error that says what is wrong, where.
local _, wrong = pcall(function()
  registry:counter({ name = "gateway_requests_total", labels = { "route" } })
end)
io.stderr:write(wrong, "\n")
_, wrong = pcall(function()
  registry:counter({ name = "" })
end)
io.stderr:write(wrong, "\n")
_, wrong = pcall(function()
  registry:counter({ name = "fine_total", labels = { 7 } })
end)
io.stderr:write(wrong, "\n")
