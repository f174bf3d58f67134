-- Prints wrk's own figures as one line of JSON; sends a body with every request when asked for one.
-- Defines no request or response hook, so wrk stays as fast as without a script.
init = function(arguments)
  local upload_bytes = tonumber(arguments[1]) or 0
  if upload_bytes > 0 then
    wrk.method = 'POST'
    wrk.body = string.rep('z', upload_bytes)
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
