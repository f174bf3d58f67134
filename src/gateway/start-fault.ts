/** Why the gateway cannot start or reload, in words for whoever runs it. Not a bug. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
}
