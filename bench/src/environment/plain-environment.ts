/**
 * Takes out of the environment what would change a measurement without anybody seeing it; contenders inherit the rest.
 * To be imported before what reads it: the addon chooses its kernel when it is loaded.
 */

/** A contender that is to run another kernel than the best one says so in its trial. */
delete process.env['COSIMO_KERNEL'];
