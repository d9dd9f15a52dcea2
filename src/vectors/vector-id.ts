/**
 * What a vector is called outside of a file's order: an integer that a number holds exactly, or a string.
 */
export type VectorId = number | string;
