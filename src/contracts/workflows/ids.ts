/** A model in an environment: what nearly every id, row and call is about. */
export interface ModelRef {
  readonly model: string;
  readonly environment: string;
}

/** Serial per model and environment: the only writer of the champion. */
export const lifecycleId = (m: ModelRef): string => `model/${m.environment}/${m.model}`;
/** One per version: a version is produced once. */
export const produceVersionId = (m: ModelRef, version: number): string =>
  `${lifecycleId(m)}/version/${version}`;
/** One per version: it is evaluated again once at a time. */
export const revalidationId = (m: ModelRef, version: number): string =>
  `${lifecycleId(m)}/revalidation/${version}`;
/** One per version: two approvals of the same version can't be open. */
export const promotionId = (m: ModelRef, version: number): string => `${lifecycleId(m)}/promotion/${version}`;
export const rolloutId = (m: ModelRef, version: number): string => `${lifecycleId(m)}/rollout/${version}`;
/** Schedules; the workflows that they start carry the time as a suffix. */
export const monitorScheduleId = (m: ModelRef): string => `monitor/${m.environment}/${m.model}`;
export const refreshScheduleId = (m: ModelRef): string => `refresh/${m.environment}/${m.model}`;
export const retrainScheduleId = (m: ModelRef): string => `retrain/${m.environment}/${m.model}`;
/** One per delivery: an event is sent to an endpoint by one series of attempts at a time. */
export const webhookWorkflowId = (environment: string, deliveryId: string): string =>
  `webhook/${environment}/${deliveryId}`;
/** One per notice: who meets the same batch again while a channel is away waits for no second message. */
export const noticeWorkflowId = (key: string): string => `notice/${key}`;
export const incidentWorkflowId = (incidentId: string): string => `incident/${incidentId}`;
