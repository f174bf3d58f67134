/** The system's own words, as other programs show them. */
export function systemText({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'No such file or directory'
  if (code === 'EACCES') return 'Permission denied'
  if (code === 'EISDIR') return 'Is a directory'
  return message
}
