import { describe, expect, it } from 'vitest'
import { rawSettings } from './raw-settings.ts'

describe('rawSettings()', () => {
  it('takes directives of the proxy server before those of all HTTP, wherever these are', () => {
    const { values } = rawSettings({
      file: {
        path: 'kong.conf',
        text: 'nginx_proxy_client_body_timeout = 5s\nnginx_http_client_body_timeout = 6s\n',
      },
      environment: { KONG_NGINX_HTTP_CLIENT_BODY_TIMEOUT: '7s' },
    })
    expect(values.get('nginx_http_client_body_timeout')).toEqual({
      text: '5s',
      origin: 'kong.conf:1',
    })
  })

  it('lets the last source win among them', () => {
    const { values } = rawSettings({
      environment: { KONG_NGINX_PROXY_SEND_TIMEOUT: '5s' },
      overrides: { nginx_proxy_send_timeout: '6s' },
    })
    expect(values.get('nginx_http_send_timeout')?.text).toBe('6s')
  })
})
