/** Token ids of several texts in one buffer: one thread can hand it to another without a copy. */

export interface PackedIds {
  /** The ids of all texts, one text after another. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Tokens of each text. */
  readonly lengths: readonly number[];
}

export function packIds(texts: readonly Int32Array[]): PackedIds {
  const lengths = texts.map(({ length }) => length);
  const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let end = 0;
  for (const text of texts) {
    ids.set(text, end);
    end += text.length;
  }
  return { ids, lengths };
}

/** @returns views of the one buffer */
export function unpackIds({ ids, lengths }: PackedIds): Int32Array[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return ids.subarray(end - length, end);
  });
}
