import type { Command } from 'commander';
import { shippedModelPath, loadScoringModel } from '../pipeline/scoring-model.ts';
import { readConfig } from '../config.ts';
import type { Context } from './context.ts';
import { evaluateWorld, type WorldEvaluation } from './evaluate-world.ts';

export type EvalOptions = {
  world: string;
  labels: string;
  model: string;
  json?: boolean;
  /** The text model that the environment names; it is not asked, and the output says so. */
  textModel?: string;
};

/** Adds `eval` to the program: how well the scoring model tells need from no need on labelled companies. */
export function registerEval(program: Command, { environment }: Pick<Context, 'environment'>): void {
  program
    .command('eval')
    .description('measure the scoring model on labelled companies: ranking, bands and the worst misses')
    .requiredOption('--world <dir>', 'folder with companies.jsonl')
    .requiredOption('--labels <file>', 'JSON lines with domain, grade (0–3 or null) and visible_in_text')
    .option('--model <name>', 'a shipped scoring model, or a file', 'gpu-infrastructure')
    .option('--json', 'print one JSON object')
    .action(async (options: EvalOptions) => {
      const { llm } = readConfig(environment);
      await runEval({ ...options, ...(llm ? { textModel: llm.model } : {}) }, (text) =>
        process.stdout.write(text),
      );
    });
}

/** Runs the evaluation and prints it; bad files are UserErrors, each with its line. */
export async function runEval(options: EvalOptions, print: (text: string) => void): Promise<void> {
  const model = await loadScoringModel(shippedModelPath(options.model));
  const evaluation = await evaluateWorld({ world: options.world, labels: options.labels, model });
  const note =
    options.textModel === undefined
      ? null
      : `Read by phrases; ${options.textModel} is configured but was not asked, since thousands of companies would cost thousands of calls.`;
  print(
    options.json
      ? `${JSON.stringify({ ...evaluation, note }, null, 2)}\n`
      : `${describe(evaluation)}${note === null ? '' : `${note}\n`}`,
  );
}

function describe(evaluation: WorldEvaluation): string {
  const { n, auc, aucHard, precision, recall, confusion, misses } = evaluation;
  const lines = [
    `Scoring model ${evaluation.model} on ${n} labelled companies (method: ${evaluation.method}, ${evaluation.seconds} s for ${evaluation.companies} companies)`,
    '',
    `  area under the ROC curve   ${number(auc)}   grade 2 and 3 against 0 and 1`,
    `  the same, hard             ${number(aucHard)}   grade 2 and 3 against 1`,
    `  precision at B or better   ${number(precision)}`,
    `  recall at B or better      ${number(recall)}`,
    '',
    '               A      B      C      D   none',
    ...Object.entries(confusion).map(
      ([grade, bands]) =>
        `  ${grade}   ${[bands.A, bands.B, bands.C, bands.D, bands.none].map((count) => String(count).padStart(4)).join('   ')}`,
    ),
    '',
    `The ${misses.length} worst misses (share of the other side that is ranked wrongly against it):`,
    ...misses.flatMap((miss) => [
      '',
      `  ${miss.name} (${miss.domain}): grade ${miss.grade}, score ${miss.score ?? 'none'}, band ${miss.band ?? 'none'}, ${Math.round(miss.wrong * 100)} %`,
      ...(miss.why === null ? [] : [`    ${miss.why}`]),
      ...miss.reasons.map(
        ({ label, points, quote }) =>
          `    ${points.toFixed(1).padStart(6)}  ${label}${quote === null ? '' : `: “${shorten(quote)}”`}`,
      ),
    ]),
    '',
  ];
  return lines.join('\n');
}

function number(value: number | null): string {
  return value === null ? '    –' : value.toFixed(3);
}

function shorten(quote: string): string {
  return quote.length <= 100 ? quote : `${quote.slice(0, 99).trimEnd()}…`;
}
