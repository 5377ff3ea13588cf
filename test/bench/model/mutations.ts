/** A rule of the domain taken out: `find` becomes `replace` in `file`. */
export interface Mutation {
  readonly rule: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Each breaks one promise. A model check that one of them passes is no check of that promise. */
export const MUTATIONS: readonly Mutation[] = [
  {
    rule: 'automation never serves a version again that was rolled back',
    file: 'src/domain/lifecycle/rollbacks.ts',
    find: 'v !== state.champion && !state.rolledBack.includes(v)',
    replace: 'v !== state.champion',
  },
  {
    rule: 'a vote counts for the evidence that the voter saw',
    file: 'src/domain/promotion/approval-votes.ts',
    find: 'if (vote.evidenceHash !== state.evidenceHash) {',
    replace: 'if (vote.evidenceHash === "") {',
  },
  {
    rule: 'other evidence asks for another approval',
    file: 'src/domain/promotion/approval-votes.ts',
    find: 'given.evidenceHash === evidence.hash) return given;',
    replace: 'true) return given;',
  },
  {
    rule: 'the requester can not approve',
    file: 'src/domain/promotion/approval-votes.ts',
    find: "vote.decision === 'approve' && idsOf(state).includes(vote.actor.id)",
    replace: "vote.decision === 'approve' && vote.actor.id === ''",
  },
  {
    rule: 'nor can those whose requests were merged with the one that is served',
    file: 'src/domain/lifecycle/absorbed-requesters.ts',
    find: 'return ids.size === 0 ? trigger',
    replace: 'return ids.size >= 0 ? trigger',
  },
  {
    rule: 'a rejection stays',
    file: 'src/domain/promotion/approval-votes.ts',
    find: "given.status === 'denied' || given.evidenceHash === evidence.hash",
    replace: "given.status !== 'denied' && given.evidenceHash === evidence.hash",
  },
  {
    rule: 'a gate without an answer does not advance',
    file: 'src/domain/promotion/judge-gates.ts',
    find: 'open.push(`${gate}: ${verdict.kind}, ${verdict.reason}`);',
    replace: '',
  },
  {
    rule: 'only a look at this step lets it end',
    file: 'src/domain/rollout/next-step.ts',
    find: 'newest.at > state.phaseStartedAt',
    replace: 'true',
  },
  {
    rule: 'automation promotes only where the spec says so',
    file: 'src/domain/rollout/next-step.ts',
    find: "policy.automaticPromotion ? 'finish' : 'ask'",
    replace: "policy.automaticPromotion ? 'finish' : 'finish'",
  },
  {
    rule: 'weights sum to 100',
    file: 'src/domain/rollout/plan.ts',
    find: 'weight: 100 - weight',
    replace: 'weight: 99 - weight',
  },
  {
    rule: 'a promotion that passes while a rollback waits is declined',
    file: 'src/domain/lifecycle/promotions.ts',
    find: "outcome.kind === 'passed' && state.rollback?.status !== 'waiting'",
    replace: "outcome.kind === 'passed'",
  },
  {
    rule: 'a declined version loses its traffic',
    file: 'src/domain/lifecycle/promotions.ts',
    find: "...restore(state, version, reason),\n    decided(version, 'declined'",
    replace: "decided(version, 'declined'",
  },
  {
    rule: 'nothing is started while paused',
    file: 'src/domain/lifecycle/start-rule.ts',
    find: 'state.paused !== null',
    replace: 'false',
  },
  {
    rule: 'schedules and findings are cooled down',
    file: 'src/domain/lifecycle/triggers.ts',
    find: "trigger.source !== 'schedule' && trigger.source !== 'finding'",
    replace: "trigger.source !== 'schedule'",
  },
  {
    rule: 'a version that somebody wants waits for no new examples',
    file: 'src/domain/lifecycle/productions.ts',
    find: 'episode?.version === version && !wanted',
    replace: 'episode?.version === version',
  },
  {
    rule: 'a version that waits for new examples is told that somebody wants one',
    file: 'src/domain/lifecycle/triggers.ts',
    find: 'release(state, context) : hasten(state)',
    replace: 'release(state, context) : move(state)',
  },
  {
    rule: 'what came after a version had gone on gets another one',
    file: 'src/domain/lifecycle/productions.ts',
    find: 'const later = keys.slice(place + 1);',
    replace: 'const later: string[] = [];',
  },
  {
    rule: 'what is held back starts by itself',
    file: 'src/domain/lifecycle/wake.ts',
    find: "rule?.kind === 'hold' ? rule.until : null,",
    replace: '',
  },
  {
    rule: 'a lost promotion is given up',
    file: 'src/domain/lifecycle/wake.ts',
    find: 's.promotion !== null && context.now >= s.promotion.deadline',
    replace: 's.promotion !== null && context.now < 0',
  },
  {
    rule: 'no production is started beyond the GPU hours of the day',
    file: 'src/domain/lifecycle/start-rule.ts',
    find: 'isGpuBudgetSpent(state, retraining.gpuHoursPerDay, now)',
    replace: 'isGpuBudgetSpent(state, undefined, now)',
  },
  {
    rule: 'a candidate that was evaluated again is promoted anew',
    file: 'src/domain/lifecycle/revalidations.ts',
    find: 'return offerCandidate(ended, { version, trigger: outcome.trigger, specRevision, round: id }, context);',
    replace: 'return move(ended);',
  },
  {
    rule: 'whoever asked for a version can not approve it when it was evaluated again either',
    file: 'src/domain/lifecycle/revalidations.ts',
    find: 'trigger: outcome.trigger,',
    replace: "trigger: { ...outcome.trigger, requestedBy: systemActor('lifecycle') },",
  },
  {
    rule: 'a promotion that waits for people is told of new evidence',
    file: 'src/domain/lifecycle/revalidations.ts',
    find: "return move(ended, { kind: 'announce_evidence', version, reason });",
    replace: 'return move(ended);',
  },
  {
    rule: 'one version at a time is evaluated again',
    file: 'src/domain/lifecycle/revalidations.ts',
    find: 'if (running !== null) {',
    replace: 'if (running !== null && running.version === version) {',
  },
  {
    rule: 'an evaluation that is lost is on record',
    file: 'src/domain/lifecycle/revalidations.ts',
    find: 'return withoutPromotion({ ...state, revalidation: null }, revalidation, reason, context);',
    replace: 'return move({ ...state, revalidation: null });',
  },
  {
    rule: 'an evaluation that says nothing is given up',
    file: 'src/domain/lifecycle/wake.ts',
    find: 's.revalidation && context.now >= s.revalidation.deadline',
    replace: 's.revalidation && context.now < 0',
  },
  {
    rule: 'each promotion of a version has its own decision',
    file: 'src/domain/lifecycle/candidates.ts',
    find: '      ...requestersOf(trigger),\n      ...again,',
    replace: '      ...requestersOf(trigger),',
  },
  {
    rule: 'an episode that could not retrain is not forgotten',
    file: 'src/domain/lifecycle/productions.ts',
    find: '(s) => countUnstarted(s, [trigger.key, ...absorbed], reason, context),',
    replace: '',
  },
  {
    rule: 'a superseded version has its decision',
    file: 'src/domain/lifecycle/candidates.ts',
    find: '(s) => move(s, ...superseded(older.version, reason, context)),',
    replace: "(s) => move(s, { kind: 'set_stage', version: older.version, stage: 'expired', reason }),",
  },
];
