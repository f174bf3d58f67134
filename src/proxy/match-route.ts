import type { RouteMatch } from '../router/route-match.ts'
import type { Plan } from '../snapshot/snapshot.ts'
import type { ProxyExchange } from './exchange.ts'
import { GatewayError } from './gateway-error.ts'
import type { Refusal } from './handle-exchange.ts'
import { reasonPhrase } from '../http/reason-phrases.ts'
import { exit } from '../plugin-kit/answer.ts'
import { errorPage } from './error-format.ts'

/** Finds the route, takes its plan, and turns away requests of another protocol than the route's. */
export function matchRoute(exchange: ProxyExchange): Refusal | undefined {
  const { snapshot, head } = exchange
  const { made } = head
  if (made !== undefined && made.snapshot === snapshot)
    return take(exchange, made.match as RouteMatch)
  const match = snapshot.router.match(exchange.routing)
  if (match === undefined)
    return new GatewayError('no_route_matched', 'No route matches the request')
  if (made !== undefined) {
    made.snapshot = snapshot
    made.match = match
    // By another match the same plan may ask the upstream for another path.
    made.plan = undefined
  }
  return take(exchange, match)
}

function take(exchange: ProxyExchange, match: RouteMatch): Refusal | undefined {
  const plan = exchange.snapshot.plan(match)
  exchange.match = match
  exchange.plan = plan
  exchange.collected = plan.chain.collected
  return plan.needsTls || plan.isGrpcRoute ? wrongProtocol(exchange, plan) : undefined
}

/** The order is Kong's. What the client came by is what a trusted peer in front says it was. */
function wrongProtocol(exchange: ProxyExchange, plan: Plan): Refusal | undefined {
  const { request } = exchange
  const { protocols } = plan.route
  const isPlain = request.forwardedScheme !== 'https'
  if (isPlain && protocols.includes('https') && !protocols.includes('http'))
    return toHttps(exchange, plan)
  if (!plan.isGrpcRoute) return undefined
  if (!request.isGrpc) return new GatewayError('grpc_required', 'The request is not gRPC')
  if (request.httpVersion !== '2') return new GatewayError('http2_required', 'gRPC needs HTTP/2')
  return isPlain && !protocols.includes('grpc') ? GRPCS_REQUIRED : undefined
}

const GRPCS_REQUIRED = exit(200, undefined, {
  headers: {
    'content-type': 'application/grpc',
    'grpc-status': 1,
    'grpc-message': 'gRPC request matched gRPCs route',
  },
})

function toHttps(exchange: ProxyExchange, plan: Plan): Refusal {
  const status = plan.route.https_redirect_status_code
  if (status === 426) return new GatewayError('https_required', 'The route needs TLS')
  const { request, routing } = exchange
  const location = `https://${request.forwardedHost}${routing.pathWithQuery}`
  return {
    kind: 'exit',
    status,
    headers: { location, 'content-type': 'text/html' },
    body: errorPage(`${status} ${status === 302 ? 'Found' : reasonPhrase(status)}`),
  }
}
