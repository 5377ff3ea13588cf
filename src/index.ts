/** What other programs import from `perennial`. */
export { defineModel, ModelSpec } from './contracts/spec/model-spec.ts';
export type { ModelSpecInput } from './contracts/spec/model-spec.ts';
export { Signature, TrainerResult } from './contracts/trainer.ts';
export type { TrainerInput } from './contracts/trainer.ts';
