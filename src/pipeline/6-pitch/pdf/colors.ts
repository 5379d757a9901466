/** The pages' own colours in daylight (web/assets/base.css): what is printed looks like what is on the screen. */
export const INK = '#1d211f';
export const QUIET = '#59615d';
export const LINE = '#dcdad2';
export const TRACK = '#dfe3dd';
export const BRAND = '#2f5d50';
export const WASH = '#eef3f0';
export const LINK = '#1f5f8b';
export const FOR = '#1f7a53';
export const AGAINST = '#b4432f';

const BANDS = new Map([
  ['A', '#1f7a53'],
  ['B', '#2b6ca8'],
  ['C', '#8f6012'],
  ['D', '#6b706d'],
]);

/** The colour of a band; quiet where there is none. */
export const colorOfBand = (band: string | null): string => BANDS.get(band ?? '') ?? QUIET;
