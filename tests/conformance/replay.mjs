#!/usr/bin/env node
// Replays recorded gateway cases against any gateway that reads the same declarative YAML,
// and says where it differs from the recording. With --record it fills the recording in.
// Needs nothing but Node. See README.md beside this file.
import fs from 'node:fs'
import path from 'node:path'
import os from 'node:os'
import net from 'node:net'
import http from 'node:http'
import crypto from 'node:crypto'
import { spawn } from 'node:child_process'

// ---------------------------------------------------------------- options
const opt = {
  base: 'http://127.0.0.1:8000',
  admin: 'http://127.0.0.1:8001',
  apply: 'admin',
  settle: 400,
  record: false,
  only: null,
  skip: null,
  ignore: [],
  levels: ['status', 'body', 'upstream', 'headers'],
  json: null,
  command: null,
  upstream: true,
  upstreamPorts: [3000, 3001, 3002],
  verbose: false,
  quiet: false,
  product: '',
  timeout: 20000,
  scrub: [],
}
const files = []
for (let a = process.argv.slice(2), i = 0; i < a.length; i++) {
  const k = a[i]
  const v = () => a[++i]
  if (k === '--base') opt.base = v()
  else if (k === '--admin') opt.admin = v()
  else if (k === '--apply') opt.apply = v() // admin | command | none
  else if (k === '--command') {
    opt.command = v()
    opt.apply = 'command'
  } else if (k === '--settle') opt.settle = Number(v())
  else if (k === '--record') opt.record = true
  else if (k === '--only') opt.only = new RegExp(v())
  else if (k === '--skip') opt.skip = new RegExp(v())
  else if (k === '--ignore') opt.ignore = v().toLowerCase().split(',')
  else if (k === '--levels') opt.levels = v().split(',')
  else if (k === '--json') opt.json = v()
  else if (k === '--product') opt.product = v() // e.g. portunus: treated like kong/x.y.z
  else if (k === '--timeout') opt.timeout = Number(v())
  else if (k === '--scrub')
    opt.scrub.push(
      ...v()
        .split(',')
        .map((x) => x.split('=')),
    ) // TEXT=REPLACEMENT, for paths of this machine
  else if (k === '--no-upstream') opt.upstream = false
  else if (k === '--upstream-ports') opt.upstreamPorts = v().split(',').map(Number) // used in place of 3000,3001,3002
  else if (k === '--verbose') opt.verbose = true
  else if (k === '--quiet') opt.quiet = true
  else if (k.startsWith('-')) {
    console.error(`unknown option ${k}`)
    process.exit(2)
  } else if (fs.statSync(k).isDirectory())
    files.push(
      ...fs
        .readdirSync(k)
        .filter((f) => f.endsWith('.jsonl'))
        .sort()
        .map((f) => path.join(k, f)),
    )
  else files.push(k)
}
if (!files.length) {
  console.error(
    'usage: replay.mjs [--base URL] [--admin URL] [--apply admin|none | --command "CMD {config}"] [--record] [--only RE] [--levels status,body,upstream,headers] FILE.jsonl|DIR ...',
  )
  process.exit(2)
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const sha = (b) => crypto.createHash('sha256').update(b).digest('hex')
const BIG = 2048

// The cases speak of upstreams on 3000 and 3001 and a log sink on 3002. On other ports each of these numbers is
// changed on the way to the gateway and changed back on the way from it. Ports of four digits keep all lengths.
const RECORDED_PORTS = [3000, 3001, 3002]
const outward = (s) =>
  s.replace(
    /\b((?:localhost|127\.0\.0\.1):|port"?: ?)(300[012])\b/g,
    (m, before, p) => before + opt.upstreamPorts[RECORDED_PORTS.indexOf(Number(p))],
  )
const inward = (s) => {
  opt.upstreamPorts.forEach((p, i) => {
    if (p !== RECORDED_PORTS[i])
      s = s.replace(new RegExp(`\\b${p}\\b`, 'g'), String(RECORDED_PORTS[i]))
  })
  return s
}

// ---------------------------------------------------------------- the upstream
const seen = [] // what the upstream on 3000/3001 saw, in order
const logged = [] // what the log sink on 3002 saw
const big = (buf) =>
  buf.length > BIG ? { length: buf.length, sha256: sha(buf) } : buf.toString('latin1')
function upstream(port) {
  const handler = (req, res) => {
    const parts = []
    let aborted = false
    req.on('aborted', () => {
      aborted = true
    })
    req.on('data', (d) => parts.push(d))
    const done = () => {
      const body = Buffer.concat(parts)
      const rec = {
        port,
        method: req.method,
        path: req.url,
        headers: mapDeep(rawToObj(req.rawHeaders), inward),
        body: big(Buffer.from(inward(body.toString('latin1')), 'latin1')),
      }
      if (port === 3002) {
        logged.push({ ...rec, body: inward(body.toString()) })
        res.end()
        return
      }
      seen.push(rec)
      if (aborted) return
      answer(req, res, body, rec)
    }
    req.on('end', done)
  }
  const s = http.createServer({ keepAliveTimeout: 30000 }, handler)
  s.on('checkContinue', (req, res) => {
    res.writeContinue()
    handler(req, res)
  })
  s.on('upgrade', (req, sock, head) => {
    seen.push({
      port,
      method: req.method,
      path: req.url,
      headers: mapDeep(rawToObj(req.rawHeaders), inward),
      body: '',
    })
    const key = req.headers['sec-websocket-key'] || ''
    const acc = crypto
      .createHash('sha1')
      .update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
      .digest('base64')
    sock.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acc}\r\nX-Upstream: ${port}\r\n\r\n`,
    )
    const onData = (d) => {
      // echo one small masked text frame, unmasked
      if (d.length < 6) return
      const len = d[1] & 127,
        mask = d.subarray(2, 6),
        pay = Buffer.from(d.subarray(6, 6 + len))
      for (let i = 0; i < pay.length; i++) pay[i] ^= mask[i & 3]
      const out = Buffer.from('echo:' + pay.toString())
      sock.write(Buffer.concat([Buffer.from([0x81, out.length]), out]))
    }
    sock.on('data', onData)
    sock.on('error', () => {})
    if (head.length) onData(head)
  })
  s.on('clientError', (e, sock) => {
    // what Node's parser refuses is read by hand, so that it can still be compared
    const raw = e.rawPacket ? e.rawPacket.toString('latin1') : ''
    const mm = /^(\S+) (.*) HTTP\/1\.[01]\r\n([\s\S]*?)\r\n\r\n/.exec(raw)
    if (!mm || sock.destroyed) {
      sock.destroy()
      return
    }
    const hs = {}
    for (const l of mm[3].split('\r\n')) {
      const c = l.indexOf(':')
      addHeader(hs, l.slice(0, c), l.slice(c + 1).trim())
    }
    seen.push({ port, method: mm[1], path: mm[2], headers: mapDeep(hs, inward), body: '' })
    sock.end(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Upstream: ' +
        port +
        '\r\nX-Echo: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    )
  })
  return Promise.all(
    ['127.0.0.1', '::1'].map(
      (h, i) =>
        new Promise((ok, bad) => {
          const srv = i === 0 ? s : http.createServer({ keepAliveTimeout: 30000 }, handler)
          if (i) {
            for (const ev of ['checkContinue', 'upgrade', 'clientError'])
              for (const l of s.listeners(ev)) srv.on(ev, l)
          }
          srv.once('error', (e) => (i ? ok() : bad(e)))
          srv.listen(opt.upstreamPorts[RECORDED_PORTS.indexOf(port)], h, () => ok(srv))
        }),
    ),
  )
}
// Paths the upstream answers in a special way; anything else is echoed as JSON.
function answer(req, res, body, rec) {
  const u = req.url,
    m = (re) => re.exec(u)
  let x
  res.setHeader('X-Upstream', String(rec.port))
  if ((x = m(/\/status\/(\d+)/))) {
    res.statusCode = Number(x[1])
    res.setHeader('Content-Type', 'text/plain')
    return res.end([204, 304].includes(Number(x[1])) ? undefined : `status ${x[1]}`)
  }
  if ((x = m(/\/slow\/(\d+)/))) {
    setTimeout(() => {
      res.setHeader('Content-Type', 'text/plain')
      res.end('slow')
    }, Number(x[1]))
    return
  }
  if (m(/\/json\b/)) {
    res.setHeader('Content-Type', 'application/json')
    return res.end('{"a":1,"b":"two","c":[1,2,3],"d":{"e":null}}')
  }
  if (m(/\/chunked\b/)) {
    res.setHeader('Content-Type', 'text/plain')
    res.write('one,')
    setTimeout(() => {
      res.write('two,')
      setTimeout(() => res.end('three'), 20)
    }, 20)
    return
  }
  if (m(/\/close\b/)) {
    req.socket.destroy()
    return
  }
  if (m(/\/garbage\b/)) {
    req.socket.end('this is not http\r\n\r\n')
    return
  }
  if (m(/\/truncated\b/)) {
    req.socket.write(
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\nshort',
    )
    setTimeout(() => req.socket.destroy(), 30)
    return
  }
  if (m(/\/respheaders\b/)) {
    for (const [k, v] of Object.entries({
      'Content-Type': 'text/html; charset=utf-8',
      'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'],
      'X-Multi': ['one', 'two'],
      Server: 'upstream/1.0',
      Via: '1.1 upstream-proxy',
      'X-Powered-By': 'unit',
      'Cache-Control': 'no-cache',
      ETag: '"abc"',
      'X-Kong-Upstream-Latency': '999',
      'X-Kong-Proxy-Latency': '999',
      'X-Kong-Request-Id': 'from-upstream',
      Location: 'http://localhost:3000/elsewhere',
    }))
      res.setHeader(k, v)
    return res.end('<p>hello</p>')
  }
  if ((x = m(/\/redirect\/(\d+)/))) {
    res.writeHead(Number(x[1]), { Location: 'http://localhost:3000/target?x=1' })
    return res.end()
  }
  if (m(/\/hop\b/)) {
    res.writeHead(
      200,
      [
        ['Content-Type', 'text/plain'],
        ['Keep-Alive', 'timeout=3'],
        ['Proxy-Authenticate', 'Basic'],
        ['Trailer', 'X-T'],
        ['Connection', 'X-Hop'],
        ['X-Hop', 'secret'],
      ].flat(),
    )
    return res.end('hop')
  }
  if (m(/\/cacheable\b/)) {
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Cache-Control', 'public, max-age=60')
    return res.end('{"cached":"yes"}')
  }
  if (m(/\/nostore\b/)) {
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Cache-Control', 'no-store')
    return res.end('{"cached":"never"}')
  }
  if ((x = m(/\/bytes\/(\d+)/))) {
    res.setHeader('Content-Type', 'application/octet-stream')
    return res.end(Buffer.alloc(Number(x[1]), 'z'))
  }
  if (m(/\/http10\b/)) {
    req.socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold')
    return
  }
  if (m(/\/badjson\b/)) {
    res.setHeader('Content-Type', 'application/json')
    return res.end('{"a":')
  }
  res.setHeader('Content-Type', 'application/json')
  res.setHeader('X-Echo', '1')
  res.end(
    JSON.stringify({ method: rec.method, path: rec.path, headers: rec.headers, body: rec.body }),
  )
}
function rawToObj(raw) {
  const o = {}
  for (let i = 0; i < raw.length; i += 2) addHeader(o, raw[i], raw[i + 1])
  return o
}
function addHeader(o, k, v) {
  const have = Object.keys(o).find((n) => n.toLowerCase() === k.toLowerCase())
  if (have === undefined) o[k] = v
  else o[have] = [].concat(o[have], v)
}

// ---------------------------------------------------------------- tokens
const b64u = (b) => Buffer.from(b).toString('base64url')
function claim(v) {
  if (typeof v === 'string') {
    const x = /^\$now(?:([+-])(\d+))?$/.exec(v)
    if (x) return Math.floor(Date.now() / 1000) + (x[1] === '-' ? -1 : 1) * Number(x[2] || 0)
  }
  return v
}
export function makeToken(t, dir) {
  const header = t.header || { alg: t.alg, typ: 'JWT' }
  const claims = Object.fromEntries(Object.entries(t.claims).map(([k, v]) => [k, claim(v)]))
  const data = `${b64u(JSON.stringify(header))}.${b64u(JSON.stringify(claims))}`
  const key = t.key.pem
    ? fs.readFileSync(path.join(dir, t.key.pem))
    : Buffer.from(t.key.secret, t.key.encoding || 'utf8')
  const h = { 2: 'sha256', 3: 'sha384', 5: 'sha512' }[t.alg[2]]
  let sig
  if (t.alg.startsWith('HS')) sig = crypto.createHmac(h, key).update(data).digest()
  else if (t.alg.startsWith('RS')) sig = crypto.sign(h, Buffer.from(data), key)
  else if (t.alg.startsWith('PS'))
    sig = crypto.sign(h, Buffer.from(data), {
      key,
      padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
      saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
    })
  else if (t.alg.startsWith('ES'))
    sig = crypto.sign(h, Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' })
  else if (t.alg === 'EdDSA') sig = crypto.sign(null, Buffer.from(data), key)
  else throw new Error(`alg ${t.alg}`)
  return `${data}.${b64u(sig)}`
}

// ---------------------------------------------------------------- the client (raw, so that nothing is tidied up)
function buildRequest(r) {
  if (r.raw !== undefined) return { head: Buffer.from(r.raw, 'latin1'), body: Buffer.alloc(0) }
  const hs = Array.isArray(r.headers)
    ? r.headers
    : Object.entries(r.headers || {}).flatMap(([k, v]) => [].concat(v).map((w) => [k, w]))
  const has = (n) => hs.some(([k]) => k.toLowerCase() === n)
  let body =
    r.body_base64 !== undefined
      ? Buffer.from(r.body_base64, 'base64')
      : r.body_repeat
        ? Buffer.from(r.body_repeat.text.repeat(r.body_repeat.times))
        : r.body !== undefined && r.body !== null
          ? Buffer.from(typeof r.body === 'string' ? r.body : JSON.stringify(r.body))
          : Buffer.alloc(0)
  const lines = [
    `${r.method} ${r.path_repeat ? r.path + r.path_repeat.text.repeat(r.path_repeat.times) : r.path} HTTP/${r.version || '1.1'}`,
  ]
  if (!has('host') && !r.no_host) lines.push(`Host: localhost:${r.port === 8001 ? 8001 : 8000}`)
  for (const [k, v] of hs) lines.push(`${k}: ${v}`)
  if (r.chunks) {
    if (!has('transfer-encoding')) lines.push('Transfer-Encoding: chunked')
    body = Buffer.from(
      r.chunks.map((c) => `${Buffer.byteLength(c).toString(16)}\r\n${c}\r\n`).join('') +
        '0\r\n\r\n',
    )
  } else if (
    (body.length || (r.body !== undefined && r.body !== null)) &&
    !has('content-length') &&
    !has('transfer-encoding')
  )
    lines.push(`Content-Length: ${body.length}`)
  return { head: Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), body }
}
function send(r, base) {
  const u = new URL(base)
  const { head, body } = buildRequest(r)
  return new Promise((resolve) => {
    const sock = net.connect({ host: u.hostname, port: Number(u.port) })
    let buf = Buffer.alloc(0),
      sentBody = false,
      fin = false,
      out = null,
      interim = [],
      timer
    const end = (v) => {
      if (fin) return
      fin = true
      clearTimeout(timer)
      sock.destroy()
      resolve(v)
    }
    timer = setTimeout(() => end({ error: 'client time-out' }), opt.timeout)
    const sendBody = () => {
      if (!sentBody) {
        sentBody = true
        if (body.length && !sock.destroyed) sock.write(body)
      }
    }
    sock.on('connect', () => {
      sock.write(head)
      if (r.expect_continue) setTimeout(sendBody, 1500)
      else sendBody()
    })
    sock.on('error', (e) => {
      if (!out && !tryParse(true)) end({ error: e.code || String(e) })
    })
    const tryParse = (closed) => {
      for (;;) {
        if (!out) {
          const i = buf.indexOf('\r\n\r\n')
          if (i < 0) {
            if (closed)
              end(
                buf.length
                  ? { error: 'garbage', body: buf.toString('latin1') }
                  : { error: 'closed without a response' },
              )
            return fin
          }
          const [line, ...hl] = buf.subarray(0, i).toString('latin1').split('\r\n')
          const mm = /^HTTP\/(\d\.\d) (\d+) ?(.*)$/.exec(line)
          if (!mm) {
            end({ error: 'garbage', body: buf.toString('latin1').slice(0, 400) })
            return true
          }
          const headers = {}
          for (const l of hl) {
            const c = l.indexOf(':')
            addHeader(headers, l.slice(0, c), l.slice(c + 1).trim())
          }
          buf = buf.subarray(i + 4)
          const status = Number(mm[2])
          if (status >= 100 && status < 200 && status !== 101) {
            interim.push(status)
            if (status === 100) sendBody()
            continue
          }
          out = { status, reason: mm[3], headers, version: mm[1] }
          if (interim.length) out.interim = interim
          if (status === 101 && r.ws) {
            const pay = Buffer.from(r.ws.send),
              mask = Buffer.from([1, 2, 3, 4])
            sock.write(
              Buffer.concat([
                Buffer.from([0x81, 0x80 | pay.length]),
                mask,
                Buffer.from(pay.map((c, j) => c ^ mask[j & 3])),
              ]),
            )
          }
        }
        const g = (n) => {
          const k = Object.keys(out.headers).find((h) => h.toLowerCase() === n)
          return k === undefined ? undefined : String(out.headers[k])
        }
        if (out.status === 101) {
          if (!r.ws) {
            end(out)
            return true
          }
          if (buf.length >= 2 && buf.length >= 2 + (buf[1] & 127)) {
            out.ws_received = buf.subarray(2, 2 + (buf[1] & 127)).toString()
            end(out)
            return true
          }
          if (closed) end(out)
          return fin
        }
        if (r.method === 'HEAD' || out.status === 204 || out.status === 304) {
          out.bodyBuf = Buffer.alloc(0)
          end(out)
          return true
        }
        if (/chunked/i.test(g('transfer-encoding') || '')) {
          let p = 0
          const parts = []
          let ok = false
          for (;;) {
            const e = buf.indexOf('\r\n', p)
            if (e < 0) break
            const n = parseInt(buf.subarray(p, e).toString(), 16)
            if (n === 0) {
              const z = buf.indexOf('\r\n', e + 2)
              if (z >= 0) ok = true
              break
            }
            if (buf.length < e + 2 + n + 2) break
            parts.push(buf.subarray(e + 2, e + 2 + n))
            p = e + 2 + n + 2
          }
          if (ok || closed) {
            out.bodyBuf = Buffer.concat(parts)
            if (!ok) out.truncated = true
            end(out)
            return true
          }
          return false
        }
        if (g('content-length') !== undefined) {
          const n = Number(g('content-length'))
          if (buf.length >= n) {
            out.bodyBuf = buf.subarray(0, n)
            end(out)
            return true
          }
          if (closed) {
            out.bodyBuf = buf
            out.truncated = true
            end(out)
            return true
          }
          return false
        }
        if (closed) {
          out.bodyBuf = buf
          end(out)
          return true
        }
        return false
      }
    }
    sock.on('data', (d) => {
      buf = Buffer.concat([buf, d])
      tryParse(false)
    })
    sock.on('close', () => {
      if (!fin) tryParse(true)
      if (!fin) end(out || { error: 'closed without a response' })
    })
  })
}

// ---------------------------------------------------------------- normalising
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
const TIMEKEYS = /^(created_at|updated_at|started_at|create_time|time)$/
const MACHINE =
  /^(pid|worker_pid|master|connections_[a-z]+|total_requests|counter|sys|running|pending|workers)$/
const MACHINE_TEXT = /^(hostname|allocated_slabs|http_allocated_gc|capacity)$/
const LATENCY =
  /^x-kong-(upstream|proxy|response|admin|total|third-party|client)-?latency$|^x-kong-[a-z-]*latency$/
function normaliser(literal) {
  const ids = new Map()
  const keep = new Set((literal.match(UUID) || []).map((s) => s.toLowerCase()))
  const str = (s) =>
    s
      .replace(UUID, (u) => {
        const l = u.toLowerCase()
        if (keep.has(l)) return u
        if (!ids.has(l)) ids.set(l, `<uuid${ids.size + 1}>`)
        return ids.get(l)
      })
      .replace(/\b[0-9a-f]{32}\b/g, (h) => (literal.includes(h) ? h : '<hex32>'))
      .replace(/\b(?=[0-9A-Za-z]*[a-z])(?=[0-9A-Za-z]*[A-Z])[0-9A-Za-z]{32}\b/g, (h) =>
        literal.includes(h) ? h : '<random32>',
      )
      .replaceAll('["<random32>"]', '<random32>')
      .replace(/\b127\.0\.0\.1-\d+-\d+-\d+-\d+-\d+\.\d+\b/g, '<tracker>')
      .replace(
        /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT\b/g,
        (d) => (literal.includes(d) ? d : '<date>'),
      )
  const json = (v, k) => {
    if (Array.isArray(v)) return k === 'workers' ? v.map(() => '<number>') : v.map((x) => json(x))
    if (v && typeof v === 'object')
      return Object.fromEntries(
        Object.keys(v)
          .sort()
          .map((q) => [str(q), json(v[q], q)]),
      )
    if (typeof v === 'number' && k && TIMEKEYS.test(k)) return '<time>'
    if (typeof v === 'number' && k && MACHINE.test(k)) return '<number>'
    if (typeof v === 'string' && k && MACHINE_TEXT.test(k)) return '<text>'
    if (typeof v === 'string') {
      if (k === 'timestamp') return '<time>'
      if (
        /^(id|key|client_id|client_secret|secret|access_token|refresh_token|code|config_hash|configuration_hash)$/.test(
          k || '',
        ) &&
        /^[0-9A-Za-z]{32}$/.test(v) &&
        !literal.includes(v)
      )
        return '<random32>'
      return str(v)
    }
    return v
  }
  const header = (k, v, bodyLen) => {
    const n = k.toLowerCase()
    if (Array.isArray(v)) return v.map((x) => header(k, x, bodyLen))
    if (n === 'date') return '<date>'
    if (LATENCY.test(n) && /^\d+$/.test(v)) return literal.includes(`${k}: ${v}`) ? v : '<ms>'
    if (n === 'x-kong-request-id' && /^[0-9a-f]{32}$/.test(v)) return '<request-id>'
    if (n === 'content-length' && bodyLen !== undefined && Number(v) === bodyLen) return '<len>'
    if (
      /^(ratelimit-reset|x-ratelimit-reset|retry-after|x-kong-debug-.*)$/.test(n) &&
      /^\d+$/.test(v)
    )
      return '<seconds>'
    if (n === 'age' && /^\d+$/.test(v)) return '<seconds>'
    if (n === 'user-agent') return v
    return str(v)
  }
  const headers = (h, bodyLen) =>
    Object.fromEntries(Object.entries(h).map(([k, v]) => [k, header(k, v, bodyLen)]))
  return { str, json, headers }
}
function portMap(s) {
  // a gateway on other ports is compared as if it were on 8000/8001
  const p = new URL(opt.base).port,
    a = new URL(opt.admin).port
  if (p !== '8000')
    // the last: an echo of the upstream in an answer that is no JSON, as that to HTTP/0.9
    s = s
      .replaceAll(`:${p}`, ':8000')
      .replace(new RegExp(`^${p}$`), '8000')
      .replaceAll(`"X-Forwarded-Port":"${p}"`, '"X-Forwarded-Port":"8000"')
  if (a !== '8001') s = s.replaceAll(`:${a}`, ':8001')
  return s
}
const mapDeep = (v, f) =>
  Array.isArray(v)
    ? v.map((x) => mapDeep(x, f))
    : v && typeof v === 'object'
      ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, mapDeep(x, f)]))
      : typeof v === 'string'
        ? f(v)
        : v === Number(new URL(opt.base).port)
          ? 8000
          : v
function shape(res, saws, logs, c, literal) {
  const n = normaliser(literal)
  const up = saws.map((s) => {
    const o = {
      method: s.method,
      path: s.path.length > BIG ? big(Buffer.from(s.path, 'latin1')) : n.str(s.path),
      headers: Object.fromEntries(
        Object.entries(n.headers(s.headers)).map(([k, v]) => [
          k,
          typeof v === 'string' && v.length > BIG ? big(Buffer.from(v, 'latin1')) : v,
        ]),
      ),
    }
    if (s.port !== 3000) o.port = s.port
    if (s.body !== '') o.body = typeof s.body === 'string' ? n.str(s.body) : s.body
    return o
  })
  const response = {}
  if (res.error) response.error = res.error // no response at all
  if (res.error && res.body) response.body = n.str(res.body).replace(/(-Latency: )\d+/g, '$1<ms>')
  if (res.status) {
    response.status = res.status
    const body = Buffer.from(inward((res.bodyBuf || Buffer.alloc(0)).toString('latin1')), 'latin1')
    res.headers = mapDeep(res.headers, inward)
    const get = (k) => {
      const f = Object.keys(res.headers).find((x) => x.toLowerCase() === k)
      return f ? String(res.headers[f]) : ''
    }
    response.headers = n.headers(
      res.headers,
      res.method === 'HEAD'
        ? get('x-echo')
          ? Number(get('content-length'))
          : undefined
        : body.length,
    )
    if (get('x-echo') === '1' && up.length) response.body = '<echo>'
    else if (/json/.test(get('content-type')) && body.length) {
      try {
        response.body = n.json(JSON.parse(body.toString()))
        if (body.length <= 600)
          response.body_text = n.str(
            body.toString().replace(/"(created_at|updated_at)":\d+/g, '"$1":"<time>"'),
          )
      } catch {
        response.body = n.str(body.toString('latin1'))
      }
    } else if (body.length > 65536) response.body = { length: body.length, sha256: sha(body) }
    else response.body = n.str(body.toString('latin1'))
    if (res.reason) response.reason = res.reason
    if (res.version !== '1.1') response.version = res.version
    if (res.interim) response.interim = res.interim
    if (res.truncated) response.truncated = true
    if (res.ws_received !== undefined) response.ws_received = res.ws_received
  }
  const o = { response, upstream_saw: up.length ? up[0] : null }
  if (up.length > 1) o.upstream_saw_more = up.slice(1)
  if (c.log)
    o.log_saw = logs.map((l) => {
      let b = l.body
      try {
        b = n.json(JSON.parse(b))
      } catch {
        b = n.str(b)
      }
      return {
        method: l.method,
        path: l.path,
        headers: n.headers(l.headers, Buffer.byteLength(l.body)),
        body: logVolatile(b),
      }
    })
  return mapDeep(o, (s) => {
    for (const [a, b] of opt.scrub) s = s.replaceAll(a, b)
    return portMap(s)
  })
}
const logVolatile = (v, k) =>
  Array.isArray(v)
    ? v.map((x) => logVolatile(x))
    : v && typeof v === 'object'
      ? Object.fromEntries(Object.entries(v).map(([q, x]) => [q, logVolatile(x, q)]))
      : typeof v === 'string' && (LATENCY.test(k || '') || k === 'content-length')
        ? '<number>'
        : typeof v === 'number' &&
            /^(started_at|created_at|updated_at|kong|proxy|request|receive|port|balancer_start|balancer_start_ns|balancer_latency|balancer_latency_ns|size|time)$/.test(
              k || '',
            )
          ? '<number>'
          : v

// ---------------------------------------------------------------- comparing
const PRODUCT = () =>
  new RegExp(`\\b(kong${opt.product ? '|' + opt.product : ''})/[0-9][0-9A-Za-z.+-]*`, 'gi')
const prod = (v) => mapDeep(v, (s) => s.replace(PRODUCT(), '<product>'))
const lower = (h) => {
  const o = {}
  for (const [k, v] of Object.entries(h || {})) o[k.toLowerCase()] = v
  return o
}
function diffHeaders(where, want, got, out) {
  const a = lower(want),
    b = lower(got)
  for (const h of [a, b])
    if (typeof h['x-consumer-groups'] === 'string')
      h['x-consumer-groups'] = h['x-consumer-groups'].split(', ').sort().join(', ') // a set
  for (const k of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    if (opt.ignore.includes(k)) continue
    if (JSON.stringify(a[k]) !== JSON.stringify(b[k]))
      out.push(`${where} ${k}: want ${JSON.stringify(a[k])} got ${JSON.stringify(b[k])}`)
  }
}
function diffJson(where, a, b, out, depth = 0) {
  if (JSON.stringify(a) === JSON.stringify(b)) return
  if (
    a &&
    b &&
    typeof a === 'object' &&
    typeof b === 'object' &&
    Array.isArray(a) === Array.isArray(b) &&
    depth < 12
  ) {
    for (const k of new Set([...Object.keys(a), ...Object.keys(b)]))
      diffJson(`${where}.${k}`, a[k], b[k], out, depth + 1)
    return
  }
  const cut = (v) => {
    const s = JSON.stringify(v) ?? 'absent'
    return s.length > 300 ? s.slice(0, 300) + '…' : s
  }
  out.push(`${where}: want ${cut(a)} got ${cut(b)}`)
}
// Kong writes some defaults (len_min 1, required elements) into its schemas only once they are first used.
const lazySchema = (v, k) =>
  Array.isArray(v)
    ? v.map((x) => lazySchema(x))
    : v && typeof v === 'object'
      ? Object.fromEntries(
          Object.entries(v)
            .filter(
              ([q, x]) =>
                !(q === 'len_min' && x === 1) &&
                !(q === 'required' && x === true && /^(elements|keys|values)$/.test(k || '')),
            )
            .map(([q, x]) => [q, lazySchema(x, q)]),
        )
      : v
const unordered = (v) =>
  Array.isArray(v)
    ? v.map(unordered).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : v && typeof v === 'object'
      ? Object.fromEntries(
          Object.keys(v)
            .sort()
            .map((k) => [k, unordered(v[k])]),
        )
      : typeof v === 'string'
        ? v.replace(/<uuid\d+>/g, '<uuid>')
        : v
// Bodies whose order of members means nothing are compared without it.
function canonical(u) {
  if (!u || typeof u.body !== 'string') return u?.body
  const t = String(lower(u.headers)['content-type'] || '')
  const sort = (v) =>
    Array.isArray(v)
      ? v.map(sort)
      : v && typeof v === 'object'
        ? Object.fromEntries(
            Object.keys(v)
              .sort()
              .map((k) => [k, sort(v[k])]),
          )
        : v
  if (/json/.test(t)) {
    try {
      return sort(JSON.parse(u.body))
    } catch {
      return u.body
    }
  }
  if (/x-www-form-urlencoded/.test(t)) return u.body.split('&').sort()
  return u.body
}
function compare(c, got) {
  const w = prod({
      response: c.response,
      upstream_saw: c.upstream_saw,
      upstream_saw_more: c.upstream_saw_more,
      log_saw: c.log_saw,
    }),
    g = prod(got)
  const d = { status: [], body: [], upstream: [], headers: [] }
  // Where Kong itself breaks (500, "An unexpected error occurred"), any 4xx that reaches no upstream is as good or better.
  if (
    w.response.status === 500 &&
    /An unexpected error occurred/.test(JSON.stringify(w.response.body)) &&
    g.response.status >= 400 &&
    g.response.status < 500 &&
    !g.upstream_saw
  )
    return d
  for (const r of [w.response, g.response])
    for (const k of Object.keys(r.headers || {}))
      if (k.toLowerCase() === 'www-authenticate')
        r.headers[k] = mapDeep(r.headers[k], (x) => x.replace(/" error=/, '", error=')) // 3.9 forgot the comma
  if (
    (w.response.error || null) !== (g.response.error || null) &&
    (w.response.error === undefined || g.response.error === undefined)
  )
    d.status.push(
      `response: want ${w.response.error || w.response.status} got ${g.response.error || g.response.status}`,
    )
  if (w.response.status !== g.response.status)
    d.status.push(`status: want ${w.response.status} got ${g.response.status}`)
  if (JSON.stringify(w.response.interim) !== JSON.stringify(g.response.interim))
    d.status.push(`interim: want ${w.response.interim} got ${g.response.interim}`)
  if (c.request.port === 8001 && c.request.method === 'GET') {
    // the order of a list means nothing on the Admin API
    const cut = /^\/schemas\//.test(c.request.path) ? lazySchema : (v) => v
    const A = unordered(cut(w.response.body)),
      B = unordered(cut(g.response.body))
    if (JSON.stringify(A) !== JSON.stringify(B)) diffJson('body', A, B, d.body)
  } else diffJson('body', w.response.body, g.response.body, d.body)
  if (w.response.ws_received !== g.response.ws_received)
    d.body.push(`websocket: want ${w.response.ws_received} got ${g.response.ws_received}`)
  diffHeaders('header', w.response.headers, g.response.headers, d.headers)
  const ups = (x) => (x.upstream_saw ? [x.upstream_saw, ...(x.upstream_saw_more || [])] : [])
  const a = ups(w),
    b = ups(g)
  if (a.length !== b.length)
    d.upstream.push(`upstream saw ${b.length} request(s), want ${a.length}`)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    for (const k of ['method', 'path', 'port'])
      if (JSON.stringify(a[i][k]) !== JSON.stringify(b[i][k]))
        d.upstream.push(
          `upstream ${k}: want ${JSON.stringify(a[i][k])} got ${JSON.stringify(b[i][k])}`,
        )
    diffHeaders('upstream header', a[i].headers, b[i].headers, d.upstream)
    diffJson('upstream body', canonical(a[i]), canonical(b[i]), d.upstream)
  }
  if (w.log_saw || g.log_saw) diffJson('log', w.log_saw, g.log_saw, d.upstream)
  for (const l of c.not_compared || []) d[l] = [] // recorded for reading; varies from run to run
  return d
}

// ---------------------------------------------------------------- applying a configuration
let child = null,
  current = null
async function waitPort(url, up, ms = 30000) {
  const u = new URL(url),
    t = Date.now()
  for (;;) {
    const ok = await new Promise((r) => {
      const s = net.connect({ host: u.hostname, port: Number(u.port) }, () => {
        s.destroy()
        r(true)
      })
      s.on('error', () => r(false))
    })
    if (ok === up) return
    if (Date.now() - t > ms) throw new Error(`${url} did not come ${up ? 'up' : 'down'}`)
    await sleep(30)
  }
}
async function stopChild() {
  if (!child) return
  const c = child
  child = null
  if (c.exitCode === null) {
    c.kill('SIGTERM')
    await new Promise((r) => {
      const t = setTimeout(() => {
        c.kill('SIGKILL')
      }, 5000)
      c.on('exit', () => {
        clearTimeout(t)
        r()
      })
    })
  }
}
async function applyConfig(file, dir) {
  const full = path.resolve(dir, file)
  if (opt.apply === 'none') return null
  if (opt.apply === 'command') {
    await stopChild()
    await waitPort(opt.base, false)
    const mapped = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'replay-')), 'kong.yml')
    fs.writeFileSync(mapped, outward(fs.readFileSync(full, 'utf8')))
    const parts = opt.command.split(' ').map((p) => p.replaceAll('{config}', mapped))
    child = spawn(parts[0], parts.slice(1), { stdio: opt.verbose ? 'inherit' : 'ignore' })
    await waitPort(opt.base, true)
    await sleep(opt.settle)
    return null
  }
  const body = JSON.stringify({ config: outward(fs.readFileSync(full, 'utf8')) })
  let r
  for (let i = 0; i < 5; i++) {
    // a gateway that has only just started may drop the first one
    r = await send(
      {
        method: 'POST',
        path: '/config',
        port: 8001,
        headers: { 'Content-Type': 'application/json' },
        body,
      },
      opt.admin,
    )
    if (r.status) break
    await sleep(500)
  }
  await sleep(opt.settle)
  if (r.status !== 201)
    return `config ${file} refused: ${r.status} ${r.bodyBuf ? r.bodyBuf.toString().slice(0, 2000) : r.error}`
  return null
}

// ---------------------------------------------------------------- main
if (opt.upstream) for (const p of [3000, 3001, 3002]) await upstream(p)
const total = {
    cases: 0,
    pass: 0,
    fail: 0,
    skipped: 0,
    by: { status: 0, body: 0, upstream: 0, headers: 0 },
  },
  report = []
for (const file of files) {
  const dir = path.dirname(path.resolve(file))
  const cases = fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((l) => JSON.parse(l))
  const captured = {}
  let pass = 0,
    fail = 0,
    ran = 0
  current = null
  let refused = null
  for (const c of cases) {
    if (c.cli || (!opt.record && !c.response)) {
      total.skipped++
      continue
    } // command-line recordings are read, not replayed
    if (opt.only && !opt.only.test(c.name)) continue
    if (opt.skip && opt.skip.test(c.name)) {
      total.skipped++
      continue
    }
    if (c.config && (c.config !== current || c.fresh)) {
      refused = await applyConfig(c.config, dir)
      current = c.config
      if (refused) {
        console.error(refused)
        if (opt.record) process.exit(3)
      }
    }
    if (c.pause) await sleep(c.pause)
    if (c.align) {
      const s = new Date().getUTCSeconds()
      if (s > 60 - c.align) await sleep((61 - s) * 1000)
    }
    const made = {}
    const capOnly = (s) =>
      s.replace(/\{\{(\w+)\}\}/g, (m, k) => (captured[k] !== undefined ? captured[k] : m))
    const fill = (s) =>
      s.replace(/\{\{(\w+)\}\}/g, (m, k) =>
        c.tokens && c.tokens[k]
          ? (made[k] ??= makeToken(mapDeep(c.tokens[k], capOnly), dir))
          : captured[k] !== undefined
            ? captured[k]
            : m,
      )
    let r = mapDeep(c.request, (s) => outward(fill(s)))
    if (c.hmac) r = hmacSign(r, c.hmac)
    seen.length = 0
    logged.length = 0
    const res = await send(r, r.port === 8001 ? opt.admin : opt.base)
    res.method = r.method
    if (c.wait) await sleep(c.wait)
    const saws = seen.slice(),
      logs = logged.slice()
    const cfgText = c.config ? fs.readFileSync(path.resolve(dir, c.config), 'utf8') : ''
    const q = c.request
    const literal =
      JSON.stringify(q.headers || '') +
      (q.path || q.raw) +
      (typeof q.body === 'string' ? q.body : JSON.stringify(q.body || '')) +
      cfgText
    if (c.capture && res.bodyBuf) {
      try {
        const j = JSON.parse(res.bodyBuf.toString())
        for (const [k, p] of Object.entries(c.capture))
          captured[k] = p.split('.').reduce((o, q) => o?.[q], j)
      } catch {
        /* nothing to capture */
      }
    }
    const hide = (s) => {
      for (const [k, v] of Object.entries(made)) s = s.replaceAll(v, `{{${k}}}`)
      for (const [k, v] of Object.entries(captured))
        if (typeof v === 'string' && v.length > 20) s = s.replaceAll(v, `{{${k}}}`)
      return c.hmac ? s.replace(/signature="[^"]*"/, 'signature="<signature>"') : s
    }
    const got = mapDeep(
      shape(
        { ...res },
        saws.map((x) => mapDeep(x, hide)),
        logs.map((x) => mapDeep(x, hide)),
        c,
        literal,
      ),
      hide,
    )
    total.cases++
    ran++
    if (opt.record) {
      delete c.response
      delete c.upstream_saw
      delete c.upstream_saw_more
      delete c.log_saw
      Object.assign(c, got)
      if (opt.verbose)
        console.log(
          c.name,
          got.response.status ?? got.response.error,
          typeof got.response.body === 'string'
            ? got.response.body.slice(0, 100)
            : JSON.stringify(got.response.body)?.slice(0, 160),
        )
      continue
    }
    const d = compare(c, got)
    const bad = opt.levels.filter((l) => d[l].length)
    for (const l of Object.keys(d)) if (d[l].length) total.by[l]++
    if (bad.length || refused) {
      fail++
      total.fail++
    } else {
      pass++
      total.pass++
    }
    report.push({
      file: path.basename(file),
      name: c.name,
      ok: !bad.length && !refused,
      refused: refused || undefined,
      diff: Object.fromEntries(bad.map((l) => [l, d[l]])),
    })
    if ((bad.length || refused) && !opt.quiet) {
      console.log(`FAIL ${path.basename(file)} ${c.name}${refused ? ' (config refused)' : ''}`)
      for (const l of bad) for (const x of d[l]) console.log(`     [${l}] ${x}`)
    } else if (opt.verbose) console.log(`ok   ${path.basename(file)} ${c.name}`)
  }
  if (opt.record) {
    fs.writeFileSync(file, cases.map((c) => JSON.stringify(c)).join('\n') + '\n')
    console.log(`${path.basename(file)}: recorded ${ran}`)
  } else console.log(`${path.basename(file)}: ${pass} of ${pass + fail} as recorded`)
}
await stopChild()
if (!opt.record) {
  console.log(
    `total: ${total.pass} of ${total.cases} as recorded; cases with a difference in status ${total.by.status}, body ${total.by.body}, upstream ${total.by.upstream}, headers ${total.by.headers}; not replayed ${total.skipped}`,
  )
  if (opt.json) fs.writeFileSync(opt.json, JSON.stringify({ total, report }, null, 1))
}
process.exit(opt.record ? 0 : total.fail ? 1 : 0)

// hmac-auth requests are signed at run time, because the Date header must be fresh
function hmacSign(r, h) {
  const hs = Array.isArray(r.headers) ? r.headers : Object.entries(r.headers || {})
  const date =
    h.date === 'now'
      ? new Date().toUTCString()
      : h.date === 'old'
        ? new Date(Date.now() - 3600e3).toUTCString()
        : h.date
  const all = [...hs]
  if (date) all.push(['Date', date])
  if (h.digest)
    all.push([
      'Digest',
      'SHA-256=' +
        crypto
          .createHash('sha256')
          .update(h.digest_of ?? r.body ?? '')
          .digest('base64'),
    ])
  const val = (n) =>
    n === 'host' ? 'localhost:8000' : (all.find(([k]) => k.toLowerCase() === n) || [, ''])[1]
  const line = h.headers
    .map((n) =>
      n === 'request-line'
        ? `${r.method} ${r.path} HTTP/1.1`
        : n === '@request-target'
          ? `@request-target: ${r.method.toLowerCase()} ${r.path}`
          : `${n}: ${val(n)}`,
    )
    .join('\n')
  const sig =
    h.signature ??
    crypto.createHmac(h.alg.replace('hmac-', ''), h.secret).update(line).digest('base64')
  all.push([
    h.header || 'Authorization',
    `hmac username="${h.username}", algorithm="${h.alg_name || h.alg}", headers="${h.headers.join(' ')}", signature="${sig}"`,
  ])
  return { ...r, headers: all }
}
