/** `npm start` runs this first. */
import { buildUi } from './ui-build.ts';

await buildUi();
