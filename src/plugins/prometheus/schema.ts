import { boolean, type RecordOf } from '../../schema/field.ts'

const group = (description: string) => boolean({ description, default: false })

export const schema = {
  per_consumer: group('Whether metrics of requests say which consumer they are about.'),
  status_code_metrics: group('Whether requests are counted by their status.'),
  ai_metrics: group('Whether calls of language models are counted.'),
  latency_metrics: group('Whether times of requests are measured.'),
  bandwidth_metrics: group('Whether bytes are counted.'),
  upstream_health_metrics: group('Whether the health of targets is told.'),
  wasm_metrics: group('Whether metrics of WebAssembly filters are told.'),
}

export type Config = RecordOf<typeof schema>
