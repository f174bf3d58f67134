import type { ErrorRequestHandler, Express } from 'express'

/** Serves an app on this machine only, and says plainly when the port is taken. */
export function serve(app: Express, name: string, port: number): void {
  app.use(answerFailure)
  const server = app.listen(port, '127.0.0.1', (error) => {
    if (error === undefined) {
      console.log(`${name} on http://localhost:${port}`)
      return
    }
    const isTaken = 'code' in error && error.code === 'EADDRINUSE'
    console.error(
      isTaken
        ? `Cannot start ${name}: port ${port} is taken by another program`
        : `Cannot start ${name}: ${error.message}`,
    )
    process.exitCode = 1
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close()
      server.closeAllConnections()
    })
  }
}

/** The reason is for the terminal; the caller learns only that it failed. Express knows it by its four parameters. */
const answerFailure: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  console.error(error instanceof Error ? error.message : error)
  const isBadRequest =
    error instanceof Error && 'status' in error && error.status === 400 && 'expose' in error
  response.status(isBadRequest ? 400 : 503)
  response.json({ message: isBadRequest ? 'The body is not JSON' : 'Cannot answer at the moment' })
}
