import type { SheetFacts } from '../../../../src/pipeline/6-pitch/build-sheet.ts';
import { hostileFacts, reason, someFacts, start } from './sheet-facts.ts';

type Words = {
  name: string;
  domain: string;
  industry: string;
  country: string;
  profile: string;
  /** Label and quote of each signal, the strongest first; the last one speaks against a need. */
  signals: [label: string, quote: string][];
  role: string;
  person: string;
  pains: string[];
  rival: [name: string, quote: string];
  call: string;
};

/** A company in its own language. */
function inWords(words: Words): SheetFacts {
  const facts = someFacts();
  const { domain, signals } = words;
  const at = (path: string): string => `https://www.${domain}/${path}`;
  const cited = signals.map(([label, quote], index) => ({ label, quote, url: at(`page-${index}`) }));
  const points = [28.4, 17.2, 9.1, 6.3, -5.2];
  return {
    ...facts,
    company: { name: words.name, domain, website: `https://www.${domain}/`, industry: words.industry, employees: 640, country: words.country }, // prettier-ignore
    score: {
      ...facts.score,
      reasons: [start, ...cited.map(({ label, quote, url }, index) => reason(`kind ${index}`, label, index === cited.length - 1 ? -5.2 : (points[index] ?? 2), quote, url))], // prettier-ignore
    },
    profile: { quote: words.profile, url: at('about') },
    personas: facts.personas.map((persona, index) => ({
      ...persona,
      title: index === 0 ? words.role : persona.title,
      pains: index === 0 ? words.pains : persona.pains,
      matches: persona.matches.map((match) => ({ ...match, name: words.person, title: words.role })),
    })),
    competitors: [
      { name: words.rival[0], domain: null, quote: words.rival[1], sourceId: 's', url: at('rivals') },
    ],
    pitch: facts.pitch && {
      ...facts.pitch,
      callToAction: words.call,
      text: [`${words.profile} [1]`, '', 'Why now', ...cited.map(({ label, quote }, index) => `- ${label}: “${quote}” [${index + 2}]`), '', 'Next step', words.call].join('\n'), // prettier-ignore
      citations: [{ number: 1, quote: words.profile, url: at('about') }, ...cited.map(({ quote, url }, index) => ({ number: index + 2, quote, url }))], // prettier-ignore
    },
    sources: ['about', 'rivals', ...cited.map((_, index) => `page-${index}`)].map((path, index) => ({
      url: at(path),
      kind: 'site',
      title: index === 0 ? words.profile.slice(0, 60) : `${words.name} – ${path}`,
      published: '2026-09-01',
      fetchedAt: '2026-10-19T08:00:00Z',
    })),
    page: `http://127.0.0.1:3000/companies/${domain}`,
  };
}

const japanese = inWords({
  name: '株式会社深海計算データ研究所',
  domain: 'shinkai.example',
  industry: '海洋計算',
  country: '日本',
  profile: '深海計算データ研究所は、海底地形の画像から潮流を予測する会社です。',
  signals: [
    ['自社モデルを学習', '当社は毎晩、自社の基盤モデルを東京のGPUクラスタで学習しています。'],
    ['GPUの名を挙げる', '横浜のデータセンターでH100を256基運用しており、来年さらに増設します。'],
    ['採用', '機械学習エンジニアと分散学習の研究者を募集しています。勤務地は横浜または札幌です。'],
    ['他社のモデル', '社内の問い合わせ対応には他社の言語モデルを利用しています。'],
  ],
  role: '最高技術責任者',
  person: '山本 陽子',
  pains: ['学習待ちの行列で公開が遅れる', '電力の上限'],
  rival: ['波浪技研', '波浪技研とは異なり、当社は現場で計測しません。'],
  call: '来週、一つの学習を一週間だけ試してみませんか。',
});
const arabic = inWords({
  name: 'شركة الأفق للحوسبة (Al-Ufuq)',
  domain: 'al-ufuq.example',
  industry: 'الذكاء الاصطناعي',
  country: 'الأردن',
  profile: 'تبني شركة الأفق نماذج لغوية عربية منذ عام 2019 وتدرّبها في عمّان.',
  signals: [
    ['تدرّب نماذجها بنفسها', 'نحن ندرّب نماذجنا اللغوية كل ليلة على 512 معالجًا من نوع H100 في عمّان.'],
    ['تذكر عتاد GPU', 'يضم مركز البيانات (المرحلة 2) أكثر من 1,200 GPU ويتوسع كل ربع سنة.'],
    ['توظّف مهندسين', 'نبحث عن مهندسي تعلّم آلي لديهم خبرة في CUDA والتدريب الموزّع.'],
    ['تستخدم نماذج غيرها', 'يستخدم فريق الدعم نموذجًا مستضافًا لدى مزوّد آخر.'],
  ],
  role: 'المديرة التقنية',
  person: 'ليلى حدّاد',
  pains: ['انتظار السعة', 'كلفة التشغيل'],
  rival: ['الموج الرقمي', 'على عكس الموج الرقمي، لا نحتاج إلى سحابة خارجية.'],
  call: 'هل تفيد تجربة أسبوع واحد لحِمل واحد؟',
});
const european = inWords({
  name: 'Größenwahn & Söhne Vermögensverwaltungsgesellschaft für Rechenzentren mbH & Co. KGaA',
  domain: 'groessenwahn-und-soehne.example',
  industry: 'Rechenzentrumsbetriebsgesellschaft',
  country: 'Österreich',
  profile: 'Łódź, Москва, Αθήνα, İstanbul: Größenwahn & Söhne betreibt Rechenzentren in vier Städten.',
  signals: [
    [
      'Nennt Grafikprozessoren',
      'In Łódź stehen 1.024 Grafikprozessoren; „mehr als genug“, sagt Geschäftsführer Żółkiewski.',
    ],
    ['Обучает свои модели', 'Мы обучаем собственные модели распознавания речи на собственном кластере.'],
    ['Εκπαιδεύει μοντέλα', 'Εκπαιδεύουμε τα δικά μας μοντέλα σε δικούς μας διακομιστές κάθε βράδυ.'],
    [
      'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
      'https://www.groessenwahn-und-soehne.example/ein/sehr/langer/pfad/ohne/ende/der/nirgends/umbricht/und/trotzdem/stehen/muss',
    ],
  ],
  role: 'Leiterin der Rechenzentrumsbetriebsführung',
  person: 'Dr. h. c. Anna-Magdalena Freifrau von und zu Großenlüder-Schönbächler',
  pains: ['Lieferzeiten für Beschleuniger', 'Strompreise'],
  rival: ['Ætherförmig AS', 'Im Gegensatz zu Ætherförmig AS bauen wir selbst.'],
  call: 'Würde eine Woche mit einer Ihrer Aufgaben weiterhelfen?',
});
const korean = inWords({
  name: '서울 데이터 주식회사 · ประเทศไทย',
  domain: 'seoul-data.example',
  industry: '로봇',
  country: '대한민국',
  profile: '서울 데이터는 창고에서 일하는 로봇의 눈을 만듭니다.',
  signals: [
    ['자체 모델 학습', '우리는 매일 밤 128개의 GPU로 자체 시각 모델을 학습합니다.'],
    ['ฝึกโมเดลเอง', 'เราฝึกโมเดลของเราเองทุกคืนบนคลัสเตอร์ของเราที่กรุงเทพมหานครและเชียงใหม่'],
    ['채용', '분산 학습 경험이 있는 머신러닝 엔지니어를 찾고 있습니다.'],
    ['다른 회사의 모델', '고객 문의에는 다른 회사의 언어 모델을 사용합니다.'],
  ],
  role: '기술이사',
  person: '김민준',
  pains: ['학습 대기 시간'],
  rival: ['한강 로보틱스', '한강 로보틱스와 달리 우리는 센서를 만들지 않습니다.'],
  call: '한 주 동안 작업 하나를 시험해 보시겠습니까?',
});
const hebrew = inWords({
  name: 'חברת אור-נתון בע״מ',
  domain: 'or-natun.example',
  industry: 'ראייה ממוחשבת',
  country: 'ישראל',
  profile: 'אור-נתון מאמנת מודלים לזיהוי צמחים מן האוויר.',
  signals: [
    ['מאמנת מודלים משלה', 'אנחנו מאמנים את המודלים שלנו בכל לילה על 96 מעבדי H200 (בחיפה).'],
    ['מזכירה חומרת GPU', 'האשכול בחיפה גדל ב-40% השנה, ל-96 GPU.'],
    ['מגייסת', 'דרושים מהנדסי למידת מכונה עם ניסיון ב-CUDA.'],
    ['מודלים של אחרים', 'התמיכה שלנו משתמשת במודל של ספק אחר.'],
  ],
  role: 'סמנכ״לית טכנולוגיה',
  person: 'נועה בן-דוד',
  pains: ['המתנה לקיבולת'],
  rival: ['גל דיגיטלי', 'בניגוד לגל דיגיטלי, אנחנו מטיסים בלילה.'],
  call: 'האם שבוע ניסיון אחד יעזור?',
});
const emoji = inWords({
  name: '🚀 Rocket Peel 🍌 Inc. 👩🏽‍🚀',
  domain: 'rocket-peel.example',
  industry: 'Games 🎮',
  country: '🇫🇮 Finland',
  profile: 'Rocket Peel 🍌 renders banana physics in real time – ✨ 240 frames a second ✨.',
  signals: [
    [
      'Simulation, rendering and HPC',
      'We simulate soft fruit 🍌🍎🍇 on 64 GPUs → twice as fast as last year ✅.',
    ],
    ['Names GPU hardware 🖥️', 'Our farm: 64 × H100 ♥ and 12 × L40S ☕️.'],
    ['Hires', 'Join us 🙌 as a CUDA kernel engineer in Tampere 🇫🇮!'],
    ['Others’ models', 'Support chat 🤖 is powered by a hosted language model.'],
  ],
  role: 'Head of Rendering 🎨',
  person: 'Aino “Äkkiä” Väisänen 🦊',
  pains: ['Nightly builds wait ⏳'],
  rival: ['Pömpöö 🎈', 'Unlike Pömpöö 🎈, we need no baking 🍞.'],
  call: 'Would one week with one level help? 🗓️',
});

/** More of everything than two pages hold, all of it ordinary. */
function crowded(): SheetFacts {
  const facts = someFacts();
  const at = (path: string): string => `https://www.crowded.example/${path}`;
  const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index)); // prettier-ignore
  const said = (index: number): string =>
    `In hall ${index} our engineers train and serve models of their own on ${index * 8 + 16} accelerators, which they share with the team next door in shifts of six hours.`;
  return {
    ...facts,
    company: { ...facts.company, name: 'Crowded House of Data', domain: 'crowded.example' },
    score: {
      ...facts.score,
      reasons: [start, ...many(40, (index) => reason(`kind ${index % 20}`, `Signal of the kind number ${index % 20}`, 20 - index * 0.7, said(index), at(`page-${index}`)))], // prettier-ignore
      missing: many(20, (index) => `Something that nobody found number ${index}`),
    },
    personas: many(5, (index) => ({
      role: `role-${index}`,
      title: `Director of computing for region ${index}`,
      pains: many(4, (each) => `Waiting for capacity in region ${each}`),
      motives: many(3, (each) => `Shipping before quarter ${each} ends`),
      style: 'Direct; answers in the evening.',
      decisionFactors: many(4, (each) => `Cost of run ${each}`),
      buyingSignals: [],
      matches: many(30, (each) => ({ connectionId: 'c', object: 'Contact' as const, externalId: `${each}`, name: `Nadia Søholm-${each}`, title: 'Senior director of machine learning platforms' })), // prettier-ignore
    })),
    competitors: many(40, (index) => ({ name: `Rival number ${index}`, domain: null, quote: `Unlike rival number ${index}, we do it at night and without a cage.`, sourceId: 's', url: at(`rival-${index}`) })), // prettier-ignore
    pitch: facts.pitch && {
      ...facts.pitch,
      text: ['Why now', ...many(14, (index) => `- Signal of the kind number ${index}: “${said(index + 60)}” [${index + 1}]`), '', 'Whom to talk to', ...many(4, (index) => `- Director of computing for region ${index}\n  May struggle with waiting`), '', 'Next step', facts.pitch.callToAction].join('\n'), // prettier-ignore
      citations: many(14, (index) => ({
        number: index + 1,
        quote: said(index + 60),
        url: at(`page-${index}`),
      })),
    },
    sources: many(40, (index) => ({ url: at(`page-${index}`), kind: 'site', title: `A page about hall ${index}`, published: null, fetchedAt: '2026-10-19T08:00:00Z' })), // prettier-ignore
  };
}

/** Next to nothing is known. */
function sparse(): SheetFacts {
  const facts = someFacts();
  const [first] = facts.score.reasons.slice(1);
  return {
    ...facts,
    company: {
      name: 'Bo',
      domain: 'bo.example',
      website: '',
      industry: null,
      employees: null,
      country: null,
    },
    score: {
      ...facts.score,
      score: 14.2,
      band: 'D',
      confidence: 0.22,
      reasons: first ? [start, first] : [start],
      missing: [],
    },
    personas: [],
    competitors: [],
    profile: null,
    pitch: facts.pitch && { ...facts.pitch, text: 'This is about Bo.\n\nIs capacity a question?', callToAction: 'Is capacity a question?', citations: [], cut: 0, method: 'phrases', textModel: null }, // prettier-ignore
    sources: facts.sources.filter(({ url }) => url === first?.url),
    seller: null,
  };
}

function unscored(): SheetFacts {
  const facts = someFacts();
  const why = 'Only 40 characters about the company could be read; a score needs at least 250.';
  return {
    ...facts,
    company: { ...facts.company, name: 'Quiet Waters', domain: 'quiet.example' },
    score: {
      ...facts.score,
      status: 'not-enough-evidence',
      score: null,
      band: null,
      confidence: 0,
      reasons: [],
      why,
    },
    profile: null,
    personas: [],
    competitors: [],
    pitch: null,
    sources: [],
  };
}

/** Ten companies as different as sheets get, and what each of them is. */
export function tenCompanies(): [what: string, facts: SheetFacts][] {
  return [
    ['an ordinary company', someFacts()],
    ['Japanese', japanese],
    ['Arabic', arabic],
    ['Hebrew', hebrew],
    ['Korean and Thai', korean],
    ['four alphabets and long words', european],
    ['emoji', emoji],
    ['more than two pages hold', crowded()],
    ['nearly nothing', sparse()],
    [
      'everything too long',
      { ...hostileFacts(), company: { ...hostileFacts().company, domain: 'hostile.example' } },
    ],
  ];
}

/** One more, which has no score. */
export const withoutScore = unscored;
