/** What a worker thread begins with: nothing else may be loaded before a package finds its own modules. */
if (import.meta.url.endsWith('.js')) await import('./own-modules.ts')
await import('./worker.ts')
