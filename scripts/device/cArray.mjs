/** Bytes as a constant of C. */
export function cArray(declaration, bytes) {
  return `${declaration} = {${[...bytes].join(',')}};\n`
}
