/** Decodes JSON text from any Unicode encoding, which is detected as Python's json module detects it. */
import { isUtf8 } from 'node:buffer';

/** The text without its byte order mark; undefined when the bytes are invalid in their encoding. */
export function decodeJsonText(bytes: Buffer): string | undefined {
  if (beginsAsAscii(bytes)) return decodeUtf8(bytes);
  const encoding = detect(bytes);
  if (encoding === 'utf-8') return decodeUtf8(startsWith(bytes, [0xef, 0xbb, 0xbf]) ? bytes.subarray(3) : bytes);
  if (encoding.startsWith('utf-32')) return decodeUtf32(bytes, encoding === 'utf-32le');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text with its byte order mark; undefined when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * The encoding of bytes that beginsAsAscii refuses. A byte order mark decides; without one the places of zero bytes do,
 * since JSON begins with an ASCII character.
 */
function detect(bytes: Buffer): string {
  if (startsWith(bytes, [0xff, 0xfe, 0, 0])) return 'utf-32le';
  if (startsWith(bytes, [0, 0, 0xfe, 0xff])) return 'utf-32be';
  if (startsWith(bytes, [0xff, 0xfe])) return 'utf-16le';
  if (startsWith(bytes, [0xfe, 0xff])) return 'utf-16be';
  const [first, second, third, fourth] = bytes;
  if (bytes.length >= 4) {
    if (first === 0) return second === 0 ? 'utf-32be' : 'utf-16be';
    if (second === 0) return third === 0 && fourth === 0 ? 'utf-32le' : 'utf-16le';
  } else if (bytes.length === 2) {
    if (first === 0) return 'utf-16be';
    if (second === 0) return 'utf-16le';
  }
  return 'utf-8';
}

/** True for nearly all texts: they have no byte order mark and no zero byte at the beginning. */
function beginsAsAscii(bytes: Buffer): boolean {
  const first = bytes[0] ?? 0;
  return first > 0 && first < 0x80 && (bytes[1] ?? 0) > 0;
}

function startsWith(bytes: Buffer, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte);
}

function decodeUtf32(bytes: Buffer, littleEndian: boolean): string | undefined {
  if (bytes.length % 4 !== 0) return undefined;
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const codePoint = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return undefined;
    if (at > 0 || codePoint !== 0xfeff) text += String.fromCodePoint(codePoint);
  }
  return text;
}
