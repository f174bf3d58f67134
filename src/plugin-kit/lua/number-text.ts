/** C's `%.<digits>g`. */
export function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  if (value === 0) return '0'
  const [mantissa = '', exponentText = ''] = value.toExponential(digits - 1).split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+'
    return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  return withoutZeros(value.toFixed(Math.max(digits - 1 - exponent, 0)))
}

export function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return value > 0 ? 'inf' : '-inf'
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
