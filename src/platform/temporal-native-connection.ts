import { NativeConnection } from '@temporalio/worker';
import type { Config } from './config.ts';
import { temporalConnectionOptions } from './temporal-connection.ts';

/** The connection that workers poll on. Apart from the client's file: it loads the native core, which the API does not need. */
export function connectTemporalNative(config: Config['temporal']): Promise<NativeConnection> {
  return NativeConnection.connect(temporalConnectionOptions(config));
}
