/** `org/name` or `org/name@revision`, taken apart. Both become parts of paths and addresses: nothing else gets through. */
import { CosimoError } from '../errors.ts';

export interface ModelName {
  /** org/name */
  readonly name: string;
  /** A branch, a tag or a commit; undefined when none is asked for. */
  readonly revision: string | undefined;
}

const PART = /^[\w.-]+$/;

/** As on the hub, `--` is excluded too: `org--name` is a folder's name here, and a/b--c is not a--b/c. */
const isNamePart = (part: string) => PART.test(part) && !part.includes('--') && !isDots(part);
const isRevisionPart = (part: string) => PART.test(part) && !isDots(part);
const isDots = (part: string) => /^\.+$/.test(part);

/** @throws CosimoError `model_unavailable` */
export function parseModelName(model: string): ModelName {
  const [name = '', revision, ...more] = model.split('@');
  const nameParts = name.split('/');
  const isName = nameParts.length === 2 && nameParts.every(isNamePart);
  const isRevision = revision === undefined || revision.split('/').every(isRevisionPart);
  if (!isName || !isRevision || more.length > 0) {
    throw new CosimoError(
      'model_unavailable',
      `${JSON.stringify(model)} is no model's name: it must be org/name or org/name@revision.`,
    );
  }
  return { name, revision };
}
