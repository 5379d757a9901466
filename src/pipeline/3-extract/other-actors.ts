import { escapePattern } from './escape-pattern.ts';
import { namesOf } from './names.ts';
import type { ReadCompany } from './reading-prompt.ts';

/** Somebody other than the company who does or owns something in a sentence. */
export type Actor = { name: string; start: number };

/** A proper name of up to five words, as a pattern (flag `u`). */
export const NAME = String.raw`\p{Lu}[\p{L}\p{N}&’'.-]*[\p{L}\p{N}](?:\s(?:of\s|&\s)?\p{Lu}[\p{L}\p{N}&’'.-]*[\p{L}\p{N}]){0,4}`;
const VERBS =
  'is|are|was|has|have|had|does|did|trains?|trained|pretrains?|pretrained|fine[- ]tunes?|fine[- ]tuned|finetunes?|runs?|ran|operates?|operated|builds?|built|uses?|used|owns?|owned|deploys?|deployed|hosts?|hosted|serves?|served|develops?|developed|offers?|offered|provides?|provided|raises?|raised|announces?|announced|says?|said|launches|launched|buys?|bought|acquires?|acquired|signs?|signed|spends?|spent|employs?|employed|rents?|rented|leases?|leased|makes?|made|sells?|sold|needs|needed|plans|hires|hired|adds?|added|opens?|opened|orders|ordered|installs?|installed|processes|processed|handles?|handled|manages?|managed|relies|relied|depends?|works|worked|creates?|created|designs|designed|generates?|generated|renders?|rendered|scales|scaled|moved|switched|migrated|started|stopped|keeps?|kept|holds?|held|lets|helps?|helped|wants?|gets?|got|invests?|invested|expands?|expanded|delivers?|delivered|publishes|published|releases|released|ships?|shipped|powers|powered|maintains?|maintained|consumes?|consumed|schedules?|reserves?|reserved|purchases|purchased|secured|secures|reported|reports|claims|claimed';
const ADVERBS =
  'also|already|now|currently|recently|alone|itself|then|still|itself|today|which|who|that|first|since|routinely|regularly|quietly|proudly|typically|often|reportedly|alone';

const ACTING = new RegExp(
  String.raw`(${NAME})(?:(?:['’]s?)(?=\s(?!(?:with|and|or|in|for|on|at|from|to|as)\b)\p{L})|,?\s(?:which|who|whose)\b|(?:\s\([^)]{1,40}\))?(?:,\s[^,]{3,80},)?\s(?:(?:${ADVERBS})\s){0,2}(?:${VERBS})\b)`,
  'gu',
);
// Verbs are many: a name that opens a sentence, or the main clause behind its introduction, acts in it, whatever verb follows.
// A plural noun looks like a verb ("Gripper arms for bakeries"), but seldom with an object behind it.
const OPENING = new RegExp(
  String.raw`(?:^["“‘'(\s•*–-]*|,\s|\b(?:that|while|whereas|because)\s)(${NAME})(?:\s\([^)]{1,40}\))?(?:,\s[^,]{3,80},)?\s(?:(?:${ADVERBS})\s){0,2}(\p{Ll}[\p{L}-]*(?:s|ed))(?!\s(?:for|that|which|to|with|by|and|or|of|in|at|on|from|is|are)\b)(?=\s[\p{L}\p{N}])`,
  'gu',
);
/** Our own subject: behind it, a comma opens no new clause but goes on with a list. */
const OWN_BEFORE = /\b(?:we|our|it|its|the company|they|their)\b/iu;
const PLACED = new RegExp(String.raw`(?:^|[\s("“])(?:[Aa]t|[Ii]nside)\s(${NAME}),`, 'gu');
const ROLE =
  'customers?|clients?|partners?|investors?|competitors?|rivals?|suppliers?|vendors?|users?|friends|portfolio company|subsidiary of|acquirer|parent|licensees?|competition|peers?';
const INTRODUCED = new RegExp(
  String.raw`\b(?:${ROLE})\s(?:(?:such as|like|including|is|are|and|at)\s)?(${NAME})`,
  'gu',
);
const BY = new RegExp(
  String.raw`\b(?:trained|run|operated|owned|developed|managed|paid for|ordered|bought|purchased|leased)\sby\s(${NAME})`,
  'gu',
);

/** Capitalised, yet nobody: terms of the trade, places in time, and words that open sentences. */
const NOBODY =
  /^(?:\p{Lu}{2,5}s|SQL|HTML|AGI|ASI|RL|CV|OCR|TTS|STT|RAG|ETL|BI|XR|ADAS|EVs?|UAVs?|RF|LiDAR|CRMs?|ERPs?|(?:AI|ML|GPU)-[\p{Ll}-]+|AI|ML|LLMs?|VLMs?|GPUs?|CPUs?|TPUs?|HPC|NLP|APIs?|SDKs?|SaaS|PaaS|IaaS|CUDA|InfiniBand|NVLink|PyTorch|TensorFlow|JAX|Kubernetes|Docker|Slurm|Linux|Python|Transformers?|Diffusion|CEO|CTO|CFO|COO|VP|FAQ|US|USA|UK|EU|Q[1-4]|\p{Lu}{1,4}-?\d{1,4}s?|GB\d+|DGX|HGX|SOC|ISO|GDPR|HIPAA|R&D|IT|HR|IoT|AR|VR|MRI|CT|DNA|RNA|January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|English|German|French|Chinese|Japanese|Spanish|European|American|Europe|America|Asia|Berlin|London|Paris|Tokyo|Boston|Earth|Series\s[A-H]|Inference|Training)$/u;
const OPENERS = new Set(
  'a an the this that these those our your their its his her my we you they it he she i in on at by for from with without within under over after before since until during while when where why how what which who whose if as because although though once both each every all most many some several few no not none more less another other others any such only even just also and but or so yet then thus hence however therefore instead today yesterday tomorrow now here there meanwhile moreover furthermore additionally finally recently currently together unlike like using based founded headquartered trained built designed powered backed led made created developed running training building having being given according instead researchers engineers scientists developers teams customers users clients companies startups enterprises businesses organizations people everyone anyone nobody investors partners founders employees staff members models model data compute inference research engineering infrastructure demand software hardware technology management security platform product products services service company startup team group work workloads jobs clusters cluster servers server training results figures note new one two three four five six seven eight nine ten access add ask book boost bring browse build buy chat choose collect combine connect create cut deploy design discover drive edit enable ensure explore extract find fix get give grow host improve increase integrate join keep launch learn let make manage meet monitor move open order plan play process provide put quickly read reduce render replace run save scale search see sell send serve set share ship show simply simulate speed start stay stop store streamline switch take talk teach tell test track train transform try tune turn understand upload visit watch work write'.split(
    ' ',
  ),
);

/** Words of the trade that are written large in headings and names of fields. */
const TRADE = new Set(
  'generative voice computer vision machine learning deep neural cloud analytics operations sales marketing finance legal agent agents assistant assistants robotics robots edge big language natural processing network networks digital virtual reality augmented artificial intelligence general public private high performance computing'.split(
    ' ',
  ),
);

/**
 * A sentence → the named companies or people other than the company itself that act in it ("Globex trains …", "our customer
 * Globex", "Globex's cluster", "at Globex,"). Names that the text introduces as the company's own products are not others.
 */
export function findOtherActors(sentence: string, text: string, company: ReadCompany): Actor[] {
  const own = namesOf(company).map(foldName);
  const ownPattern = new RegExp(own.map(escapePattern).join('|'), 'iu');
  const actors: Actor[] = [];
  const add = (match: RegExpExecArray, introduced: boolean): void => {
    if (isOwn(match[1] ?? '', own, company)) return;
    const found = trimOpeners(match[1] ?? '', match.index + match[0].indexOf(match[1] ?? ''), sentence, text);
    if (!found || isOwn(found.name, own, company)) return;
    if (!introduced && (isObject(sentence, found.start, match[0]) || isProduct(found.name, text, company)))
      return;
    actors.push(found);
  };
  for (const match of sentence.matchAll(ACTING)) add(match, false);
  for (const match of sentence.matchAll(OPENING)) {
    const single = match.index === 0 && !(match[1] ?? '').includes(' ');
    const before = sentence.slice(0, match.index);
    const inList = match[0].startsWith(',') && (OWN_BEFORE.test(before) || ownPattern.test(before));
    if (!inList && (!single || (match[2] ?? '').endsWith('ed'))) add(match, false);
  }
  for (const match of sentence.matchAll(PLACED)) add(match, true);
  for (const match of sentence.matchAll(INTRODUCED)) add(match, true);
  for (const match of sentence.matchAll(BY)) add(match, true);
  return actors;
}

/** Takes words off the front that are capitalised only because they open the sentence; null when nothing is left. */
function trimOpeners(name: string, start: number, sentence: string, text: string): Actor | null {
  let rest = name.replace(/['’]s?(?:\s.*)?$/u, '').replace(/\.$/, '');
  let at = start;
  while (rest !== '') {
    const word = rest.split(' ')[0] ?? rest;
    const opensSentence = /^[\s"“'‘(•*–-]*$/u.test(sentence.slice(0, at));
    const bare = word.replace(/['’]\p{L}+$/u, '').toLowerCase();
    const common = OPENERS.has(bare) || (opensSentence && isCommonWord(word, text)) || NOBODY.test(word);
    if (!common) break;
    at += word.length + 1;
    rest = rest.slice(word.length + 1);
  }
  return rest === '' || isNobody(rest, text) ? null : { name: rest, start: at };
}

/** Capitalised words that name nobody: terms of the trade, words that the text also writes small, things. */
export function isNobody(name: string, text: string): boolean {
  // A release of something ("Halden-2", "Grip 3"), whoever made it.
  if (/^\p{Lu}\p{L}+[- ]\d[\p{L}\d.]*$/u.test(name)) return true;
  // "NVIDIA H100 GPUs power our lab": things, whoever made them.
  if (/\s(?:GPUs?|CPUs?|TPUs?|APIs?|\p{Lu}{1,4}-?\d{1,4}s?)$/u.test(name)) return true;
  return name
    .split(' ')
    .every(
      (word) =>
        NOBODY.test(word) ||
        TRADE.has(word.toLowerCase()) ||
        OPENERS.has(word.toLowerCase()) ||
        isCommonWord(word, text),
    );
}

/** The text also writes it in lower case, so it is a word and no name; or it looks like a verb form. */
function isCommonWord(word: string, text: string): boolean {
  // "Training …", "End-to-end …"
  if (/^\p{Lu}\p{Ll}+(?:ing|(?:-\p{Ll}+)+)$/u.test(word)) return true;
  if (!/^\p{Lu}\p{Ll}+$/u.test(word)) return false;
  return isWrittenSmall(word.toLowerCase(), text);
}

/** By hand, since a pattern for each name in a long text would take most of the reading's time. */
function isWrittenSmall(word: string, text: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const behind = text.slice(at + word.length, at + word.length + 2);
    if (
      !/[\p{L}\p{N}@./-]$/u.test(text.slice(Math.max(0, at - 1), at)) &&
      !/^[\p{L}\p{N}.@-]\p{L}/u.test(behind)
    )
      return true;
  }
  return false;
}

/** Lower case, no accents, no hyphens, no article: "The Ångström-Co" → "angstrom co". */
function foldName(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('-', ' ')
    .replace(/^the /, '')
    .replace(/['’]s?$/, '');
}

function isOwn(name: string, own: readonly string[], company: ReadCompany): boolean {
  const lower = foldName(name);
  const full = foldName(company.name);
  const [first = '', second = ''] = full.split(' ');
  const [, secondGiven = ''] = lower.split(' ');
  if (own.includes(lower) || lower.startsWith(full) || full.startsWith(`${lower} `)) return true;
  // Legal forms differ ("Ltd.", "Company Limited"); "Halden Ferries" is not Halden Robotics.
  if (second !== '' && lower.startsWith(`${first} `) && secondGiven !== second) {
    return own.some((known) => known !== first && lower.startsWith(`${known} `));
  }
  if (own.some((known) => lower.startsWith(`${known} `) || lower.endsWith(` ${known}`))) return true;
  if (second !== '' && lower.startsWith(`${first} ${second}`)) return true;
  // Product names grow from the company's ("HaldenGrip"), short ones shrink from it, and initials stand for it.
  if (first.length > 3 && lower.startsWith(first) && /^[\p{Lu}\p{N}]/u.test(name.slice(first.length)))
    return true;
  if (lower.length > 4 && first.startsWith(lower)) return true;
  const initials = full
    .split(/[\s-]+/)
    .map((word) => word[0] ?? '')
    .join('');
  return lower.length > 1 && initials.startsWith(lower);
}

/** "on NVIDIA H100 GPUs", "with Globex": the object of a preposition acts only when "which" or "who" follows. */
function isObject(sentence: string, start: number, match: string): boolean {
  if (/\b(?:which|who|whose)$/u.test(match)) return false;
  const before = sentence.slice(0, start);
  if (/\b(?:our|its|the company['’]s)\s(?:own\s)?$/iu.test(before)) return true;
  // "Globex's cluster" acts where a clause begins, or in "in Globex's hall"; elsewhere it is an object ("we beat Globex's price").
  if (/['’]s?$/u.test(match)) return !/(?:^|[.("“]\s?|\b(?:in|at|inside|that|while)\s)$/iu.test(before);
  return /\b(?:on|with|for|to|in|into|via|using|through|about|against)\s(?:the\s|its\s|our\s)?$/iu.test(
    before,
  );
}

let lastProducts = { text: '', domain: '', known: new Map<string, boolean>() };

/** Does the text speak of it as something that the company makes? Asked once per name of the text that is being read. */
function isProduct(name: string, text: string, company: ReadCompany): boolean {
  if (lastProducts.text !== text || lastProducts.domain !== company.domain)
    lastProducts = { text, domain: company.domain, known: new Map() };
  const known = lastProducts.known.get(name) ?? isIntroduced(name, text, company);
  lastProducts.known.set(name, known);
  return known;
}

function isIntroduced(name: string, text: string, company: ReadCompany): boolean {
  const escaped = escapePattern(name);
  const owner = ['[Oo]ur', ...namesOf(company).map((known) => `${escapePattern(known)}(?:['’]s)?`)].join('|');
  const before = new RegExp(
    String.raw`\b(?:${owner})\s((?:[\p{Ll}\p{N}-]+,?\s){0,5})${escaped}(?![\p{L}\p{N}])`,
    'u',
  ).exec(text);
  if (
    before &&
    !new RegExp(String.raw`\b(?:${ROLE}|with|and|by|from|than|like|at)\b`, 'iu').test(before[1] ?? '')
  )
    return true;
  // "The company offers A, a sensor; B, a camera that …": the list of what it sells.
  const sold = new RegExp(
    String.raw`\b(?:[Ww]e|[Ii]t|[Tt]he company|${owner})\s(?:also\s)?(?:offers?|provides?|sells?|markets?|develops?|makes?|launched|introduced|released)\b[^.]{0,800}${escaped}(?![\p{L}\p{N}])`,
    'u',
  );
  if (sold.test(text)) return true;
  return new RegExp(
    String.raw`(?<![\p{L}\p{N}])${escaped}(?:,|\sis|\s[–—-])\s(?:${owner})\s(?!${ROLE})|(?<![\p{L}\p{N}])${escaped}\sby\s(?:${owner})(?![\p{L}\p{N}])`,
    'u',
  ).test(text);
}
