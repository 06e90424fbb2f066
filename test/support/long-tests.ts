/** Whether tests that have a size run at their full one, as in `.ci/run`. */
export const LONG_TESTS = process.env['LONG_TESTS'] === '1';
