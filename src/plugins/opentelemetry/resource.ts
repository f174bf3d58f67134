import { fromByteString } from '../../base/buffer-slices.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { compileLuaTemplate } from '../../plugin-kit/lua-template.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { templateGlobals } from '../../plugin-kit/template-globals.ts'
import { encodeResource, type Attributes } from './otlp.ts'
import type { Config } from './schema.ts'

/** @returns the encoded resource of what an exchange led to; nothing when it cannot be told */
export type ResourceOf = (exchange: Exchange) => string | undefined

/** The attributes that say who sends: the gateway's own, with the configured ones over them. */
export function resourceOf(config: Config, node: NodeServices): ResourceOf {
  const own: Attributes = {
    'service.name': 'kong',
    'service.instance.id': node.nodeId,
    'service.version': node.version,
  }
  const templates = Object.entries(config.resource_attributes ?? {}).map(
    ([name, text]) => [name, compileLuaTemplate(text)] as const,
  )
  const isFixed = templates.every(([, template]) => template.isFixed)
  const render = (exchange?: Exchange): string =>
    encodeResource({
      ...own,
      ...Object.fromEntries(
        templates.map(([name, template]) => [
          name,
          fromByteString(template.render(() => templateGlobals(exchange!))),
        ]),
      ),
    })
  if (isFixed) {
    const resource = render()
    return () => resource
  }
  return (exchange) => {
    if (node.setting('untrusted_lua') === 'off') {
      node.log.error('Cannot fill in resource_attributes: Lua is switched off (untrusted_lua)')
      return undefined
    }
    try {
      return render(exchange)
    } catch (error) {
      node.log.error('Cannot fill in resource_attributes', error)
      return undefined
    }
  }
}
