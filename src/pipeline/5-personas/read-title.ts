/**
 * Job titles as people write them in several languages → the English form in which the scoring model's roles name them. Only
 * common forms: what is not known stays as it is and matches nothing by accident.
 */
const TRANSLATIONS: readonly [RegExp, string][] = [
  // One-word and acronym forms
  [/\b(?:pdg|vd|adm\. delegado)\b|代表取締役|最高経営責任者|首席执行官|首席執行官|대표이사/gu, 'ceo'],
  [/\b(?:dsi)\b|最高情報責任者|首席信息官/gu, 'cio'],
  [/\bdaf\b|最高財務責任者|首席财务官/gu, 'cfo'],
  [/最高技術責任者|首席技术官|首席技術官|技術責任者/gu, 'cto'],
  [/генеральный директор/gu, 'ceo'],
  [/технический директор/gu, 'cto'],
  [/финансовый директор/gu, 'cfo'],
  // Whole titles
  [/\bgeschaftsfuhr(?:er(?:in)?|ung)\b|\bvorstandsvorsitzende[rn]?\b/gu, 'ceo managing director'],
  [
    /\b(?:technische[rn]? (?:leiter(?:in)?|direktor(?:in)?|geschaftsfuhrer(?:in)?|vorstand)|technikvorstand|leiter(?:in)? technik)\b/gu,
    'cto',
  ],
  [
    /\b(?:kaufmannische[rn]? (?:leiter(?:in)?|direktor(?:in)?)|finanz(?:vorstand|leiter(?:in)?|direktor(?:in)?)|leiter(?:in)? finanzen)\b/gu,
    'cfo',
  ],
  [
    /\bentwicklungsleiter(?:in)?\b|\bleiter(?:in)? (?:der )?(?:software)?entwicklung\b/gu,
    'head of engineering',
  ],
  [/\bit[- ]leiter(?:in)?\b|\bleiter(?:in)? (?:der )?it\b/gu, 'head of it'],
  [
    /\bgrunder(?:in)?\b|\bfondat(?:eur|rice)\b|\bfundador(?:a)?\b|\bfondator[ei]\b|\boprichter\b|\bgrundare\b/gu,
    'founder',
  ],
  [
    /\b(?:direct(?:eur|rice) general[e]?|director(?:a)? general|direttore generale|diretor(?:a)? geral|algemeen directeur|amministratore delegato|consejero delegado|verkstallande direktor|toimitusjohtaja|prezes(?: zarzadu)?)\b/gu,
    'ceo',
  ],
  [
    /\b(?:direct(?:eur|rice) (?:technique|de la technologie)|director(?:a)? (?:tecnic[oa]|de tecnologia)|direttore tecnico|diretor(?:a)? (?:tecnic[oa]|de tecnologia)|technisch directeur|teknisk (?:chef|direktor))\b/gu,
    'cto',
  ],
  [
    /\b(?:direct(?:eur|rice) (?:financi(?:er|ere)|administratif et financier)|director(?:a)? financier[oa]|direttore finanziario|diretor(?:a)? financeir[oa]|financieel directeur|ekonomichef)\b/gu,
    'cfo',
  ],
  [
    /\b(?:direct(?:eur|rice) des systemes d information|director(?:a)? de (?:sistemas|informatica)|direttore dei sistemi informativi)\b/gu,
    'cio',
  ],
  // Parts: "responsable infrastructure", "Leiterin Infrastruktur", "jefe de infraestructura"
  [
    /\b(?:leiter(?:in)?|leitung|abteilungsleiter(?:in)?|bereichsleiter(?:in)?|responsable|chef(?:fe)? d|jefe de|jefa de|responsabile|hoofd|chef for|kierownik|gerente de)\b(?: (?:der|des|de la|de l|de|del|d|dell|della|van|von|fur|for))?/gu,
    'head of',
  ],
  [
    /\b(?:direct(?:eur|rice) (?:de la|de l|des|du|de|d)|director(?:a)? de|direttore (?:della|dell|del|di)|diretor(?:a)? de)\b/gu,
    'director of',
  ],
  [
    /\binfrastruktur\b|\binfraestructura\b|\binfrastruttura\b|\binfrastructuur\b|\binfraestrutura\b/gu,
    'infrastructure',
  ],
  [/\bplattform(?:en)?\b|\bplataforma\b|\bpiattaforma\b|\bplate ?forme\b/gu, 'platform'],
  [
    /\bforschung(?: und entwicklung)?\b|\brecherche\b|\binvestigacion\b|\bricerca\b|\bonderzoek\b|\bpesquisa\b/gu,
    'research',
  ],
  [/\bmaschinelles lernen\b|\bapprentissage automatique\b|\baprendizaje automatico\b/gu, 'machine learning'],
  [
    /\bkunstliche intelligenz\b|\bki\b|\bintelligence artificielle\b|\binteligencia artificial\b|\bintelligenza artificiale\b|\bia\b/gu,
    'ai',
  ],
  [/\beinkauf\b|\bbeschaffung\b|\bachats\b|\bcompras\b|\bacquisti\b|\binkoop\b/gu, 'procurement'],
  [/\bfinanzen\b|\bfinances\b|\bfinanzas\b|\bfinanza\b/gu, 'finance'],
  [/\bingenierie\b|\bingenieria\b|\bingegneria\b|\bentwicklung\b/gu, 'engineering'],
  [/\bdonnees\b|\bdatos\b|\bdati\b/gu, 'data'],
  // English shorthand
  [
    /\bsenior vice president\b|\bsvp\b|\bexecutive vice president\b|\bevp\b|\bavp\b|\bvice president\b|\bv p\b|\bvice pres\b/gu,
    'vp',
  ],
  [/\bsr\b/gu, 'senior'],
  [/\bdir\b/gu, 'director'],
  [/\beng\b|\bengg\b/gu, 'engineering'],
  [/\bmgr\b/gu, 'manager'],
  [/\binfra\b/gu, 'infrastructure'],
  [/\bml\b/gu, 'machine learning'],
  [/\bartificial intelligence\b/gu, 'ai'],
  [/\bc e o\b/gu, 'ceo'],
  [/\bc t o\b/gu, 'cto'],
  [/\bc f o\b/gu, 'cfo'],
];

/** A title → lower case, without accents and punctuation, in English where it is known. At most 200 characters are read. */
export function normalizeTitle(title: string): string {
  let text = title
    .slice(0, 200)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  for (const [pattern, english] of TRANSLATIONS) text = text.replaceAll(pattern, ` ${english} `);
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Who carries the name of a role without filling it. */
const NOT_THE_ROLE =
  /\b(?:former|formerly|ex|previous|retired|emeritus|intern|internship|student|trainee|werkstudent(?:in)?|praktikant(?:in)?|stagiaire|assistant to|assistant|secretary|office of|executive assistant|chief of staff|advis[eo]r to|aspiring|candidate)\b/u;

/** Does a normalised title only point at somebody else's role ("assistant to the CTO"), or at a past one? */
export function isNotTheRole(normalized: string): boolean {
  return NOT_THE_ROLE.test(normalized);
}

/** 4 chief or founder, 3 vice president, 2 head or director, 1 lead, manager or principal, 0 anyone else. */
export function measureSeniority(normalized: string): number {
  if (/\b(?:c[eftio]o|chief|founder|cofounder|owner|president|managing director)\b/u.test(normalized))
    return 4;
  if (/\bvp\b/u.test(normalized)) return 3;
  if (/\b(?:head|director)\b/u.test(normalized)) return 2;
  if (/\b(?:lead|manager|principal|staff|senior|leader)\b/u.test(normalized)) return 1;
  return 0;
}
