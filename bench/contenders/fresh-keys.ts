/** Keys as a service gets them: a new string with every request, whose hash nobody has computed yet. */
export function freshKeys(keys: readonly string[]): (at: number) => string {
  const bytes = keys.map((key) => Buffer.from(key, 'latin1'));
  return (at) => (bytes[at] as Buffer).toString('latin1');
}
