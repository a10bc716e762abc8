/** The trainers. Another one is a file beside these, a name in the schema and a line here. */
import type { TrainerName } from '../schema.js';
import { AXOLOTL } from './axolotl.js';
import { EASY_R1 } from './easyR1.js';
import { MS_SWIFT } from './msSwift.js';
import type { Trainer } from './trainer.js';
import { TRL } from './trl.js';
import { VERL } from './verl.js';

export const TRAINER_LIST: Readonly<Record<TrainerName, Trainer>> = {
  trl: TRL,
  'ms-swift': MS_SWIFT,
  axolotl: AXOLOTL,
  verl: VERL,
  easyr1: EASY_R1,
};
