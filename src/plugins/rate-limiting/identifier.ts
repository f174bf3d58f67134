import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { Config } from './schema.ts'

/** Whom a request counts for. Whatever it does not say is made up for by the client's address. */
export function identifierBy(config: Config): (exchange: Exchange) => string {
  const find = finder(config)
  return (exchange) => find(exchange) ?? exchange.request.ip
}

function finder(config: Config): (exchange: Exchange) => string | undefined {
  const { header_name: header = '', path } = config
  switch (config.limit_by ?? 'consumer') {
    case 'consumer':
      return ({ consumer, credential }) => consumer?.id ?? credential?.id
    case 'credential':
      return ({ credential }) => credential?.id
    case 'ip':
      return () => undefined
    case 'service':
      return ({ service }) => service?.id
    case 'header': {
      const name = header.toLowerCase()
      return ({ request }) => request.header(name)
    }
    case 'path':
      return ({ request }) => (request.path === path ? path : undefined)
  }
}
