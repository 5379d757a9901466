import type { SourceKind } from '../store/sources.ts';
import { siteOf } from './company-name.ts';

const HOSTS: readonly [RegExp, SourceKind][] = [
  [
    /(^|\.)(sec\.gov|companieshouse\.gov\.uk|company-information\.service\.gov\.uk|bundesanzeiger\.de|unternehmensregister\.de|sedarplus\.ca|edinet-fsa\.go\.jp|filings[a-z-]*\.[a-z]+|[a-z-]*filings\.[a-z]+)$/,
    'filing',
  ],
  [
    /(^|\.)(greenhouse\.io|lever\.co|ashbyhq\.com|workable\.com|smartrecruiters\.com|myworkdayjobs\.com|recruitee\.com|teamtailor\.com|personio\.[a-z]+|bamboohr\.com|breezy\.hr|indeed\.[a-z.]+|stepstone\.[a-z]+|monster\.[a-z.]+|ziprecruiter\.com|workatastartup\.com|welcometothejungle\.com)$/,
    'jobs',
  ],
  [
    /(^|\.)(g2\.com|capterra\.[a-z.]+|trustpilot\.com|trustradius\.com|glassdoor\.[a-z.]+|kununu\.com|gartner\.com|softwareadvice\.com|getapp\.com|producthunt\.com|yelp\.[a-z.]+)$/,
    'review',
  ],
  [
    /(^|\.)(linkedin\.com|crunchbase\.com|pitchbook\.com|tracxn\.com|zoominfo\.com|dnb\.com|wikipedia\.org|wikidata\.org|ycombinator\.com|wellfound\.com|angel\.co|owler\.com|cbinsights\.com|dealroom\.co|northdata\.[a-z]+|opencorporates\.com|xing\.com|f6s\.com|apollo\.io|rocketreach\.co|github\.com|huggingface\.co)$/,
    'profile',
  ],
  [
    /(^|\.)(reddit\.com|news\.ycombinator\.com|quora\.com|stackoverflow\.com|stackexchange\.com|x\.com|twitter\.com|facebook\.com|youtube\.com|medium\.com|discord\.com)$|(^|\.)(forums?|community|board)\./,
    'forum',
  ],
  [
    /(^|\.)(prnewswire\.com|businesswire\.com|globenewswire\.com|accesswire\.com|einpresswire\.com|presseportal\.de|reuters\.com|bloomberg\.com|techcrunch\.com|venturebeat\.com|theinformation\.com|wired\.com|theverge\.com|zdnet\.com|forbes\.com|cnbc\.com|ft\.com|wsj\.com|nytimes\.com|handelsblatt\.com|heise\.de|golem\.de|siliconangle\.com|datacenterdynamics\.com|hpcwire\.com|sifted\.eu|tech\.eu|geekwire\.com)$/,
    'news',
  ],
];

const FUNDING =
  /\b(raises?|raised|secures?|secured|closes?|closed|lands?|funding|financing|invest(s|ment|ors?)|series [a-h]\b|seed round|round led by)\b/i;
const MONEY =
  /[$€£¥]\s?\d|\b\d[\d.,]*\s?(k|m|mn|bn|million|billion|millionen|mio)\b|\bseries [a-h]\b|\bseed\b|\bfunding\b/i;
const FILING =
  /\b(10-?k|10-?q|20-?f|8-?k|s-1|annual report|annual statement|item 1\. business|prospectus|geschäftsbericht)\b/i;
const JOBS_PATH =
  /\/(careers?|jobs?|join(-us)?|vacanc(y|ies)|openings?|positions?|hiring|work-with-us|karriere|stellen|emplois?|lavora|vacatures)(\/|$|-|\?|\.)/i;
const DOCS_PATH =
  /\/(docs?|documentation|api|developers?|reference|guides?|manual|help|support|kb)(\/|$|\?|\.)/i;
const NEWS_PATH = /\/(news|press|newsroom|releases?|media|announcements?|stories|article|20\d\d)(\/|$|-|\?)/i;
const FORUM_PATH = /\/(forums?|threads?|topic|r|comments|questions)\//i;

/** What kind of page of the company's own site an address names. */
function kindOfOwn(host: string, path: string): SourceKind {
  if (JOBS_PATH.test(path) || /^(careers|jobs|karriere)\./.test(host)) return 'jobs';
  if (DOCS_PATH.test(path) || /^(docs?|developers?|help|support|api)\./.test(host)) return 'docs';
  return 'site';
}

/**
 * What kind of source stands at an address. `site` and `docs` are the company's own pages and nobody else's.
 * @param asked the kind that the search was for; it decides where address and title do not
 */
export function classifySource(
  found: { url: string; title: string },
  companyDomain: string,
  asked: SourceKind = 'other',
): SourceKind {
  const url = URL.parse(found.url);
  if (url === null) return 'other';
  const host = url.hostname.toLowerCase();
  const path = url.pathname;
  if (siteOf(found.url) === companyDomain) return kindOfOwn(host, path);
  const known = HOSTS.find(([pattern]) => pattern.test(host))?.[1];
  if (known !== undefined && known !== 'news') return known;
  if (FILING.test(found.title)) return 'filing';
  if (FUNDING.test(found.title) && MONEY.test(found.title)) return 'funding';
  if (known === 'news') return 'news';
  if (JOBS_PATH.test(path) && asked === 'jobs') return 'jobs';
  if (FORUM_PATH.test(path)) return 'forum';
  if (asked === 'news' || asked === 'funding' || NEWS_PATH.test(path)) return 'news';
  return asked === 'review' || asked === 'profile' || asked === 'filing' || asked === 'forum'
    ? asked
    : 'other';
}
