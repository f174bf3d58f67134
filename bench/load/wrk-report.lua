-- Prints wrk's own figures as one line of JSON. Arguments: bytes of body to send with every request (0: a GET),
-- and perhaps a file of tokens to send in turn, one a line ("path token" to send it there), and how many of them to
-- leave out at first.
-- Without such a file no request hook is defined, so wrk stays as fast as without a script.
init = function(arguments)
  local upload_bytes = tonumber(arguments[1]) or 0
  if upload_bytes > 0 then
    wrk.method = 'POST'
    wrk.body = string.rep('z', upload_bytes)
  end
  if arguments[2] then rotate(arguments[2], tonumber(arguments[3]) or 0) end
end

function rotate(file, last)
  local requests = {}
  for line in io.lines(file) do
    local path, token = line:match('^(%S+) (%S+)$')
    if not path then path, token = wrk.path, line end
    requests[#requests + 1] = wrk.format('GET', path, { Authorization = 'Bearer ' .. token })
  end
  request = function()
    last = last % #requests + 1
    return requests[last]
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"durationUs":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,"notOk":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
