/** Model names: `org/name` or `org/name@revision`. They become parts of paths and addresses, so anything else is refused. */
import { CosimoError } from '../errors.ts';

export interface ModelName {
  /** org/name */
  readonly name: string;
  /** A branch, a tag or a commit; undefined when the name has none. */
  readonly revision: string | undefined;
}

const PART = /^[\w.-]+$/;

/** As on the hub, `--` is refused: the folder of a/b is a--b, so that a/b--c and a--b/c would share one. */
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
