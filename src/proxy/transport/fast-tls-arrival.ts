import type { SecureContext } from 'node:tls'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { ConnectionEnds } from './connection-ends.ts'
import { FastTransport, lastRead, readBuffer } from './fast-transport.ts'
import { FastTlsTransport, release } from './fast-tls-transport.ts'
import type { TcpBinding, TcpHandle } from './tcp-binding.ts'
import type { ClientHello, TlsBinding, TlsHandle } from './tls-binding.ts'
import { NOBODY, type ArrivedClient, type TlsOutcome, type TlsRules } from './sockets.ts'

/** A connection whose handshake is to come, or is under way. */
export class FastTlsArrival extends ConnectionEnds implements ArrivedClient, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #tcpBinding: TcpBinding
  readonly #tlsBinding: TlsBinding
  #tls: TlsHandle | undefined
  #rules: TlsRules | undefined
  #outcome: TlsOutcome | undefined
  #isOver = false

  constructor(bindings: { readonly tcp: TcpBinding; readonly tls: TlsBinding }, tcp: TcpHandle) {
    super(tcp)
    this.#tcpBinding = bindings.tcp
    this.#tlsBinding = bindings.tls
  }

  secure(rules: TlsRules, outcome: TlsOutcome): void {
    if (this.#isOver) return
    this.#rules = rules
    this.#outcome = outcome
    const tls = this.#tlsBinding.wrap(this.tcp, rules.context())
    this.#tls = tls
    tls.arrival = this
    tls.onhandshakestart = nothing
    tls.onhandshakedone = onDone
    tls.onclienthello = onHello
    tls.onnewsession = onNewSession
    tls.oncertcb = onCertificateWanted
    tls.onerror = onError
    tls.onread = onEarlyRead
    tls.useUserBuffer(readBuffer)
    if (rules.sessions !== undefined) tls.enableSessionCallbacks()
    tls.enableCertCb()
    tls.setALPNProtocols(rules.protocols)
    tls.readStart()
  }

  // The handshake

  /** A session that only the server can know is looked for; the others are in the tickets of clients. */
  greeted({ sessionId, tlsTicket }: ClientHello): void {
    const tls = this.#tls!
    const wanted = sessionId.length > 0 && !tlsTicket
    const session = wanted ? this.#rules!.sessions?.get(sessionId) : undefined
    if (session !== undefined) tls.loadSession(Buffer.from(session))
    if (tls.clientHelloDone === undefined) tls.endParser!()
    else tls.clientHelloDone()
  }

  keepSession(id: Buffer, session: Buffer): void {
    this.#rules!.sessions?.set(id, session)
    this.#tls!.newSessionDone()
  }

  wantsCertificate(serverName: string): void {
    if (!serverName) {
      this.#goOn(undefined)
      return
    }
    try {
      const found = this.#rules!.contextFor(serverName)
      if (!(found instanceof Promise)) this.#goOn(found)
      else
        found.then(
          (context) => this.#goOn(context),
          () => this.#fail(),
        )
    } catch {
      this.#fail()
    }
  }

  #goOn(context: SecureContext | undefined): void {
    if (this.#isOver) return
    const tls = this.#tls!
    if (context !== undefined) tls.sni_context = (context as { readonly context: unknown }).context
    try {
      tls.certCbDone()
    } catch {
      this.#fail()
    }
  }

  done(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    const tls = this.#tls!
    const handles = { binding: this.#tcpBinding, tcp: this.tcp, tls }
    this.#outcome!.onSecure(new FastTlsTransport(handles), {
      protocol: tls.getALPNNegotiatedProtocol(),
      serverName: tls.getServername() || undefined,
      version: tls.getProtocol() ?? '',
      cipher: tls.getCipher().name,
    })
  }

  // The end

  failed(code: string | undefined): void {
    if (code === PLAIN_HTTP && !this.#isOver) this.#giveUpTls()
    else this.#fail()
  }

  /** The connection under it is as good as before. */
  #giveUpTls(): void {
    this.#isOver = true
    this.deadlineMs = Infinity
    release(this.#tls!)
    this.#outcome!.onPlain(new FastTransport(this.#tcpBinding, this.tcp, NOBODY))
  }

  #fail(): void {
    if (this.#isOver) return
    this.destroy()
    this.#outcome?.onFailed()
  }

  onDeadline(): void {
    this.#fail()
  }

  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    const tls = this.#tls
    this.tcp.close(() => {
      if (tls !== undefined) release(tls)
    })
  }
}

/** OpenSSL's word for a method where a handshake should begin. */
export const PLAIN_HTTP = 'ERR_SSL_HTTP_REQUEST'

function nothing(): void {}

function arrival(tls: TlsHandle): FastTlsArrival {
  return tls.arrival as FastTlsArrival
}

function onDone(this: TlsHandle): void {
  arrival(this).done()
}

function onHello(this: TlsHandle, hello: ClientHello): void {
  arrival(this).greeted(hello)
}

function onNewSession(this: TlsHandle, id: Buffer, session: Buffer): void {
  arrival(this).keepSession(id, session)
}

function onCertificateWanted(
  this: TlsHandle,
  { servername }: { readonly servername: string },
): void {
  arrival(this).wantsCertificate(servername)
}

function onError(this: TlsHandle, { code }: { readonly code?: string }): void {
  arrival(this).failed(code)
}

/** Nothing but the end can come before the handshake is over. */
function onEarlyRead(this: TlsHandle): undefined {
  if (lastRead() < 0) arrival(this).failed(undefined)
}
