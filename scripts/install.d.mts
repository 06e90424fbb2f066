/** Installs a folder's packages unless they are there. Throws an Error of one sentence. */
export function install(folder: string, options?: { dev?: boolean }): void;
