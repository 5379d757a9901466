import type { KnownBlock } from '@slack/types';

/**
 * What all blocks of a message may take. Slack documents no total but answers `msg_blocks_too_long` from about 13,200 characters
 * on (https://github.com/slackapi/bolt-js/issues/2509). Counted in bytes of UTF-8, which are never fewer than characters.
 */
const BLOCKS_BYTES = 12_000;

/**
 * Builds with ever less detail until it fits. `build` is told whether something was left out for that, so that it can say so.
 * Throws where even the least doesn't: its parts are bounded, so that is a mistake of ours.
 */
export function fit<Detail>(
  details: readonly Detail[],
  build: (detail: Detail, shortened: boolean) => KnownBlock[],
): KnownBlock[] {
  for (const [index, detail] of details.entries()) {
    const blocks = build(detail, index > 0);
    if (Buffer.byteLength(JSON.stringify(blocks)) <= BLOCKS_BYTES) return blocks;
  }
  throw new Error(`blocks of more than ${BLOCKS_BYTES} bytes at the least detail`);
}
