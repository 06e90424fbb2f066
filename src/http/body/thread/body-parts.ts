/** A validated body in parts: each is small enough to be received without blocking the event loop. */
import type { BodyLimits, BodyPart } from './body-thread-protocol.ts';

/** Characters, or elements of lists within a list, that one part holds, unless a single one is longer. */
const PART_CHARS = 256 * 1024;
const PART_ITEMS = 1000;

export function* partsOf(body: Readonly<Record<string, unknown>>, limits: BodyLimits): Generator<BodyPart> {
  for (const [field, value] of Object.entries(body)) {
    if (Array.isArray(value)) yield* listParts(field, value, limits);
    else yield { field, value: cut(value, limits) };
  }
}

/** Adds a part to the body that the earlier parts have made. */
export function addPart(body: Record<string, unknown>, part: BodyPart): void {
  if ('value' in part) body[part.field] = part.value;
  else {
    body[part.field] ??= [];
    (body[part.field] as unknown[]).push(...part.items);
  }
}

function* listParts(field: string, list: readonly unknown[], limits: BodyLimits): Generator<BodyPart> {
  let items: unknown[] = [];
  let chars = 0;
  for (const item of list.slice(0, limits.listItems + 1)) {
    const length = typeof item === 'string' || Array.isArray(item) ? item.length : 0;
    if (items.length > 0 && (items.length >= PART_ITEMS || chars + length > PART_CHARS)) {
      yield { field, items };
      items = [];
      chars = 0;
    }
    items.push(cut(item, limits));
    chars += length;
  }
  yield { field, items };
}

/** A string has at least as many bytes as UTF-16 units. Longer strings are refused in any case, so only limit + 1 units are kept. */
function cut(value: unknown, { stringBytes }: BodyLimits): unknown {
  return typeof value === 'string' && value.length > stringBytes ? value.slice(0, stringBytes + 1) : value;
}
