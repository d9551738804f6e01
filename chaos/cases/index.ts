import { LAST_CASE, type CaseName } from '../schedule.ts';
import {
  beforeCapture,
  beforeHandOver,
  beforeRecord,
  betweenInsertAndRemoval,
  stalledTooOften,
} from './deaths.ts';
import { retryWithOptions, twoLeaders, unrecoverableAtOnce } from './others.ts';
import { redisForgets } from './redis-forgets.ts';
import type { Case } from './scene.ts';

export const NAMED_CASES: Readonly<Record<CaseName, Case>> = {
  'death between final failure and capture': beforeCapture,
  'death between insert and removal from the engine': betweenInsertAndRemoval,
  'death between outbox commit and hand-over': beforeHandOver,
  'death between hand-over and its record': beforeRecord,
  'two housekeeping leaders for a moment': twoLeaders,
  'worker killed until its job is failed as stalled': stalledTooOften,
  'UnrecoverableError at the first attempt': unrecoverableAtOnce,
  'retry of options with priority, delay and job id': retryWithOptions,
  [LAST_CASE]: redisForgets,
};
