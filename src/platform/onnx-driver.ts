import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * onnxruntime, which unless told otherwise reports to its maker what it runs and on which machine, and leaves a log of
 * that in the system's temporary folder. It asks when the first session is made.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';

export { InferenceSession, Tensor };
