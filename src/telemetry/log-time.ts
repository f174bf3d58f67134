const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `2026/11/24 18:59:03` in local time, as error logs have it. */
export function errorLogTime(ms: number): string {
  const at = new Date(ms)
  return `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())} ${clockTime(at)}`
}

/** `24/Nov/2026:18:59:03 +0000` in local time, as access logs have it. */
export function accessLogTime(ms: number): string {
  const at = new Date(ms)
  const offset = -at.getTimezoneOffset()
  const sign = offset < 0 ? '-' : '+'
  const zone = sign + two(Math.floor(Math.abs(offset) / 60)) + two(Math.abs(offset) % 60)
  return `${two(at.getDate())}/${MONTHS[at.getMonth()]}/${at.getFullYear()}:${clockTime(at)} ${zone}`
}

/** `18:59:03`. */
export function clockTime(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Formats once a second what is asked for many times in it. */
export function oncePerSecond(format: (ms: number) => string): (ms: number) => string {
  let second = -1
  let text = ''
  return (ms) => {
    const now = Math.floor(ms / 1000)
    if (now !== second) {
      second = now
      text = format(now * 1000)
    }
    return text
  }
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
