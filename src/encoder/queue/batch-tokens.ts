/** How many tokens one inference takes unless BATCH_TOKENS says otherwise. */

/** Some 500 tokens keep a CPU busy, and larger batches make other texts wait longer. A GPU needs far more to be busy. */
export const DEFAULT_BATCH_TOKENS = { cpu: 1024, cuda: 16_384 } as const;
