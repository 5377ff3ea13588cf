import type { ModelRef } from './ids.ts';

/** One scheduled pass: refresh nothing, judge the newest window, report. */
export type MonitorModelInput = ModelRef;
/** One scheduled pass: read the sources since their watermarks and materialise the feature views. */
export type RefreshDataInput = ModelRef;
/** One scheduled request for a new version, with the schedule's time as idempotency key. */
export type RequestScheduledVersionInput = ModelRef;
