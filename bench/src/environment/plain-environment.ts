/**
 * Deletes environment variables that would silently change a measurement; contenders inherit the rest.
 * Import it first: the addon chooses its kernel when it is loaded.
 */

/** A contender runs the best kernel unless its trial names another one. */
delete process.env['COSIMO_KERNEL'];
