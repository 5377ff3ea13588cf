export { handleIncident } from './handle-incident.ts';
export { modelLifecycle } from './model-lifecycle.ts';
export { monitorModel } from './monitor-model.ts';
export { produceVersion } from './produce-version.ts';
export { promoteVersion } from './promote-version.ts';
export { refreshData } from './refresh-data.ts';
export { requestScheduledVersion } from './request-scheduled-version.ts';
export { rollOut } from './roll-out.ts';
