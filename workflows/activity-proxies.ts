import { proxyActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../src/contracts/activities/control.ts';
import type { DataActivities } from '../src/contracts/activities/data.ts';
import type { RolloutActivities } from '../src/contracts/activities/rollout.ts';
import type { TrainingActivities } from '../src/contracts/activities/training.ts';
import type { WebhookActivities } from '../src/contracts/activities/webhooks.ts';
import {
  ASSESSMENT,
  DATA_WORK,
  LOAD_CHECK,
  MEASUREMENT,
  MESSAGE,
  PASS_ASSESSMENT,
  PASS_DATA_WORK,
  REGISTRY_WRITE,
  ROUTE_CHANGE,
  ROUTE_CONFIRMATION,
  training,
  WEBHOOK,
  WEBHOOK_RECORD,
} from './activity-options.ts';

export const {
  loadPolicy,
  loadServedSources,
  allocateVersion,
  registerVersion,
  loadCandidate,
  adoptEvaluation,
  writeCard,
  setStage,
  recordDecision,
  openIncident,
  setIncidentStatus,
} = proxyActivities<ControlActivities>(REGISTRY_WRITE);
export const { notify } = proxyActivities<ControlActivities>(MESSAGE);
export const { ingestSource, materialiseFeatures, buildFrame, evaluateVersion } =
  proxyActivities<DataActivities>(DATA_WORK);
export const { assessGates, countNewExamples } = proxyActivities<DataActivities>(ASSESSMENT);
/** In a scheduled pass over the sources. */
export const pass = proxyActivities<DataActivities>(PASS_DATA_WORK);
export const { computeFindings } = proxyActivities<DataActivities>(PASS_ASSESSMENT);
export const { setRoute, promoteChampion } = proxyActivities<RolloutActivities>(ROUTE_CHANGE);
export const { awaitRoute } = proxyActivities<RolloutActivities>(ROUTE_CONFIRMATION);
export const { verifyLoadable } = proxyActivities<RolloutActivities>(LOAD_CHECK);
export const { measureRollout } = proxyActivities<RolloutActivities>(MEASUREMENT);

export const { sendWebhook } = proxyActivities<WebhookActivities>(WEBHOOK);
export const { giveUpWebhook } = proxyActivities<WebhookActivities>(WEBHOOK_RECORD);

/** Training, with the limits that the spec gives it. */
export function trainingActivities(trainer: Parameters<typeof training>[0]) {
  return proxyActivities<TrainingActivities>(training(trainer));
}
