/** Brings request targets into the form that the router needs. */

/** Matches a target that has this form already. */
const PLAIN_PATH = /^(?:\/[\w.-]+)+$/;

/**
 * @returns the target without scheme and host, without slashes at its end, and decodable. As in Starlette, a percent sign
 *   that encodes nothing stands for itself, and U+FFFD replaces bytes that are not UTF-8.
 */
export function normalizeTarget(target: string): string {
  if (PLAIN_PATH.test(target)) return target;
  const local = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '');
  const queryAt = local.indexOf('?');
  const path = queryAt < 0 ? local : local.slice(0, queryAt);
  const query = queryAt < 0 ? '' : local.slice(queryAt);
  return (withoutTrailingSlashes(isDecodable(path) ? path : repair(path)) || '/') + query;
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

const decoder = new TextDecoder();

function repair(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+|%/gi, (run) => {
    if (run === '%') return '%25';
    return encodeURIComponent(decoder.decode(Buffer.from(run.replaceAll('%', ''), 'hex')));
  });
}
