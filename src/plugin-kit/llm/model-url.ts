import type { Model, PlaceRequest, Provider } from './provider.ts'
import { PROVIDERS } from './providers/by-name.ts'

export interface ModelUrlRequest extends PlaceRequest {
  /** The path of the client, for requests that are not translated. */
  readonly clientPath?: string
}

/**
 * Where a model is: as configured, else where its provider has it.
 *
 * @throws {TypeError} when a configured URL is none, as one that a request has filled in may be
 */
export function modelUrl(asked: ModelUrlRequest): URL {
  const { model, task } = asked
  const url = new URL(model.options.upstream_url ?? PROVIDERS[model.provider].place(asked).origin)
  const path = task === undefined ? untranslatedPath(asked) : translatedPath(asked, url.pathname)
  // A path that a request has filled in may begin otherwise.
  url.pathname = path.replace(/^\/*/, '/')
  if (model.provider === 'azure' && model.options.upstream_url === undefined)
    url.searchParams.set('api-version', azureVersion(model))
  return url
}

function untranslatedPath({ model, clientPath = '/' }: ModelUrlRequest): string {
  return model.options.upstream_path ?? clientPath
}

/** @param configured path of the configured URL, if there is one */
function translatedPath(asked: ModelUrlRequest, configured: string): string {
  const provider: Provider = PROVIDERS[asked.model.provider]
  const { upstream_url: url, upstream_path: path } = asked.model.options
  const { prefix = '', path: usual, suffix = '' } = provider.place(asked)
  if (url === undefined) return prefix + (path ?? usual + suffix)
  if (path !== undefined && provider.pathWins === true) return path
  return suffix === '' ? configured : configured.replace(/\/$/, '') + suffix
}

export function azureVersion({ options }: Model): string {
  return options.azure_api_version ?? '2023-05-15'
}
