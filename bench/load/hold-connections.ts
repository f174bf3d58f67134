import { connect } from 'node:net'

/** Opens connections, has one request answered on each, says so on the standard output, and keeps them. */
const [url = '', count = '0'] = process.argv.slice(2)
const { hostname, port, pathname } = new URL(url)
const AT_ONCE = 200

let opened = 0
let answered = 0
for (let index = 0; index < AT_ONCE; index += 1) open()

function open(): void {
  if (opened === Number(count)) return
  opened += 1
  let head = ''
  const socket = connect(Number(port), hostname, () => {
    socket.write(`GET ${pathname} HTTP/1.1\r\nhost: bench\r\n\r\n`)
  })
  socket.on('error', (error) => {
    console.error(`Cannot hold ${count} connections: ${error.message}`)
    process.exit(1)
  })
  socket.on('data', (chunk) => {
    if (head.includes('\r\n\r\n')) return
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    answered += 1
    if (answered === Number(count)) console.log('held')
    else open()
  })
}
