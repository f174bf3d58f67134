import express from 'express'
import { serve } from './serve.ts'

/** The API to protect. It knows nothing of tokens: who calls, it reads from the headers it gets. */
const app = express()

app.use((request, response) => {
  console.log(`${request.method} ${request.url}`)
  for (const [name, value] of Object.entries(request.headers)) console.log(`  ${name}: ${value}`)
  response.type('text/plain').send('Hello world!')
})

serve(app, 'Hello API', Number(process.env['HELLO_PORT'] ?? 3000))
