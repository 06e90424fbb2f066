/** Whether tests with a size run at full size, as in `.ci/run`. */
export const LONG_TESTS = process.env['LONG_TESTS'] === '1';
