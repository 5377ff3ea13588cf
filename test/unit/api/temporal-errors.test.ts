import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { codedTemporalError } from '../../../src/api/temporal-errors.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { APPROVAL_SELF, ROLLOUT_NOT_RUNNING } from '../../../src/errors/lifecycle-errors.ts';

const notFound = () => new PerennialError(ROLLOUT_NOT_RUNNING, 'no rollout');
const coded = (cause: Error) => codedTemporalError(new WorkflowUpdateFailedError('x', cause), notFound);

describe("a workflow's refusal", () => {
  it('keeps its code, its text and the status of the code', () => {
    const failure = ApplicationFailure.create({ type: APPROVAL_SELF.code, message: 'another person must' });
    expect(coded(failure)).toMatchObject({
      code: 'APPROVAL_SELF',
      status: 403,
      message: 'another person must',
    });
  });

  it('keeps a code that this process has not loaded, with the status that it carries', () => {
    const failure = ApplicationFailure.create({
      type: 'SOME_OTHER_CODE',
      message: 'm',
      details: [{ status: 422 }],
    });
    expect(coded(failure)).toMatchObject({ code: 'SOME_OTHER_CODE', status: 422 });
  });

  it('is found below what wraps it', () => {
    const inner = ApplicationFailure.create({ type: APPROVAL_SELF.code, message: 'm' });
    expect(coded(Object.assign(new Error('wrapped'), { cause: inner }))).toMatchObject({
      code: 'APPROVAL_SELF',
    });
  });

  it('without a code is a plain refusal', () => {
    expect(coded(ApplicationFailure.create({ type: 'TypeError', message: 'm' }))).toMatchObject({
      code: 'COMMAND_REFUSED',
      status: 409,
    });
    expect(coded(new Error('m'))).toMatchObject({ code: 'COMMAND_REFUSED' });
  });
});

it('gives a workflow that does not run the meaning that the command has for it', () => {
  const error = new WorkflowNotFoundError('x', 'id', undefined);
  expect(codedTemporalError(error, notFound)).toMatchObject({ code: 'ROLLOUT_NOT_RUNNING' });
});

it('gives back what is no error of Temporal', () => {
  const error = new TypeError('a bug');
  expect(codedTemporalError(error, notFound)).toBe(error);
});
