import { splitSentences } from './sentences.ts';

/**
 * Sentences in a document that speak to whoever, or whatever, reads it. Finding them is no defence by itself: nothing that a
 * model answers is believed without its quote. They are found so that people can be shown them, and are never quoted.
 */
const PATTERNS: readonly RegExp[] = [
  /\b(?:assign|give|award)\b.{0,40}\b(?:highest|maximum|top|best|full)\s+(?:possible\s+)?(?:scores?|ratings?|bands?|grades?|marks)\b/iu,
  /^\W*(?:attention|dear|hey|hello|hi|to)\b.{0,20}\b(?:ai|llms?|language models?|chatbots?|assistants?|crawlers?|bots?|agents?)\b[^\p{L}]{0,3}[:,!]/iu,
  // Payloads for whoever copies the text on: a spreadsheet formula, a query.
  /^[\s"']*[=+@]\s*(?:hyperlink|importxml|importdata|webservice|cmd)\b/iu,
  /\b(?:delete from|drop table|truncate table)\s+\w+.{0,200}(?:--|;)/iu,
  /^[\s"'“*#>-]*(?:system|assistant|developer)\s*:/iu,
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|the|system)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|context|messages?)\b/iu,
  /\b(?:system|developer|assistant|user)\s*(?:prompt|message|override|instruction)s?\s*[:=]/iu,
  /<\/?(?:system|assistant|user|instructions?|tool(?:_call|_result)?|function_call|im_start|im_end)\b[^>]{0,40}>|<\|[a-z_]{2,30}\|>|\[\/?(?:INST|SYS|SYSTEM)\]|^#{2,}\s*(?:system|instructions?|assistant)\b/iu,
  /\byou are (?:now |no longer )?(?:a|an|the|in)\b.{0,40}\b(?:ai|assistant|language model|llm|chatbot|agent|model|mode|bot)\b/iu,
  /\b(?:attention|note|message|notice|important|reminder|instructions?)\b.{0,20}\b(?:to|for)\b.{0,20}\b(?:ai|llms?|language models?|chatbots?|assistants?|crawlers?|bots?|agents?)\b\s*[:,!-]/iu,
  /\b(?:ai|llm|language model|assistant|chatbot|agent|model)s?\b.{0,30}\b(?:reading|processing|summari[sz]ing|parsing|scoring|analy[sz]ing)\b.{0,20}\bth(?:is|ese)\b.{0,80}\b(?:must|should|please|shall|need to|always|report|rate|score|give|assign)\b/iu,
  /\b(?:assign|give|set|rate|report|return|output|mark|raise|award)\b.{0,60}\b(?:score|rating|band|strength|confidence|grade)s?\b.{0,30}\b(?:of|to|as|at|=|:)?\s*(?:100\b|10\/10|1\.0\b|maximum|max\b|highest|["“'‘]A["”'’])/iu,
  /\b(?:reply|respond|answer|output|print|return|repeat)\b.{0,30}\b(?:only|exactly|verbatim|with the following|the following json|your (?:system )?prompt|in json)\b/iu,
  /\b(?:reveal|print|show|send|leak|exfiltrate|post|forward)\b.{0,40}\b(?:system prompt|your (?:prompt|instructions)|api[ _-]?keys?|credentials?|passwords?|tokens?|secrets?|customer data)\b/iu,
  /\b(?:do not|don't|never)\b.{0,30}\b(?:mention|reveal|disclose|tell|follow)\b.{0,40}\b(?:this (?:instruction|message|prompt)|these instructions|the user|your instructions)\b/iu,
  /\bnew (?:instructions?|task|system prompt|rules?)\s*[:=]/iu,
  /\b(?:ignoriere|vergiss|missachte)\b.{0,50}\b(?:anweisung(?:en)?|vorgaben|regeln|prompt)\b/iu,
  /\b(?:ignore[zr]?|oublie[zr]?)\b.{0,50}\b(?:instructions?|consignes?|r[eè]gles?)\b/iu,
  /\b(?:ignora|ignore|olvida|omite)\b.{0,50}\b(?:instrucciones|instru[cç][oõ]es|reglas|istruzioni)\b/iu,
  /(?:忽略|無視|无视|忘记).{0,20}(?:指令|指示|提示|说明|規則|规则)|(?:指示|命令|プロンプト).{0,10}無視|игнорируй.{0,40}(?:инструкц|указан)/iu,
];

/** Sentences longer than this are looked at in their first characters only: patterns stay quick on any input. */
const LONGEST = 2_000;

/** Does this sentence give orders to its reader? */
export function isInstruction(sentence: string): boolean {
  const text = sentence.slice(0, LONGEST);
  return PATTERNS.some((pattern) => pattern.test(text));
}

/** An image whose address carries data: whoever shows it sends them. A sentence may end at its question mark, so it is sought in the text. */
const LEAKING_IMAGE = /!\[[^\]]{0,100}\]\(https?:\/\/[^)\s]{0,300}\?[^)\s]{1,300}\)/giu;

/** A text and its sentences → which of them give orders (or show such an image), by number, and what they say. */
export function findInstructions(
  text: string,
  sentences: readonly { text: string; start: number; end: number }[],
): { sentences: ReadonlySet<number>; said: string[] } {
  const images = [...text.matchAll(LEAKING_IMAGE)].map((match) => ({
    said: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
  const orders = sentences.flatMap((sentence, number) =>
    isInstruction(sentence.text) ||
    images.some((image) => image.start < sentence.end && sentence.start < image.end)
      ? [number]
      : [],
  );
  return {
    sentences: new Set(orders),
    said: [
      ...images.map((image) => image.said),
      ...orders.map((number) => sentences[number]?.text ?? '').filter((said) => isInstruction(said)),
    ],
  };
}

/** Text → the same without the sentences that give orders (and images that carry data away), and those sentences. */
export function takeOutInstructions(original: string): { text: string; instructions: string[] } {
  const instructions: string[] = [];
  const text = original.replaceAll(LEAKING_IMAGE, (image) => {
    instructions.push(image);
    return ' ';
  });
  let kept = '';
  let from = 0;
  for (const sentence of splitSentences(text)) {
    if (!isInstruction(sentence.text)) continue;
    instructions.push(sentence.text);
    kept += `${text.slice(from, sentence.start)}\n`;
    from = sentence.end;
  }
  return { text: kept + text.slice(from), instructions };
}
