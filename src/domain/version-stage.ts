/** Where a model version stands in its life in one environment. */
export type VersionStage =
  | 'producing'
  | 'candidate'
  | 'validated'
  | 'approved'
  | 'shadow'
  | 'canary'
  | 'bake'
  | 'champion'
  | 'retired'
  | 'failed'
  | 'rejected'
  | 'denied'
  | 'expired'
  | 'aborted'
  | 'rolled_back'
  | 'rollback_failed'
  | 'quarantined';

const NEXT: Readonly<Record<VersionStage, readonly VersionStage[]>> = {
  producing: ['candidate', 'failed', 'aborted'],
  candidate: ['validated', 'rejected', 'expired', 'aborted', 'quarantined'],
  validated: ['approved', 'denied', 'expired', 'rejected', 'aborted', 'quarantined'],
  approved: ['shadow', 'canary', 'bake', 'rejected', 'expired', 'aborted', 'quarantined'],
  shadow: ['canary', 'bake', 'aborted', 'quarantined'],
  canary: ['bake', 'champion', 'aborted', 'rolled_back', 'quarantined'],
  bake: ['champion', 'aborted', 'rolled_back', 'quarantined'],
  champion: ['retired', 'rolled_back', 'rollback_failed'],
  retired: ['champion', 'quarantined'],
  failed: [],
  rejected: [],
  denied: [],
  expired: [],
  aborted: [],
  rolled_back: ['champion', 'quarantined'],
  rollback_failed: ['rolled_back', 'retired', 'champion'],
  quarantined: [],
};

export const VERSION_STAGES = Object.keys(NEXT) as readonly VersionStage[];

/** Whether a version may go from one stage to another. Going nowhere is no move and is not allowed. */
export function canMove(from: VersionStage, to: VersionStage): boolean {
  return NEXT[from].includes(to);
}

export function isFinal(stage: VersionStage): boolean {
  return NEXT[stage].length === 0;
}
