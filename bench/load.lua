-- One load of wrk: POST of the file named in BODY if there is one, else GET; the figures leave as one line of JSON.
local body = os.getenv("BODY")
if body then
  wrk.method = "POST"
  wrk.body = assert(io.open(body, "rb")):read("*a")
  wrk.headers["Content-Type"] = "application/json"
  local key = os.getenv("KEY")
  if key then wrk.headers["Authorization"] = "Bearer " .. key end
end

function done(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    'FIGURES {"per_second": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "failed": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
