import { parseScoringModel } from '../../../src/pipeline/scoring-model.ts';
import type { Source } from '../../../src/pipeline/store/sources.ts';

/** A small scoring model of our own, so that tests of reading do not move with the shipped one. */
export const model = parseScoringModel(
  `
name: reading-test
version: 1
title: Test
description: A model for tests of reading.
questions:
  - { key: any, query: '{name}', topic: general, kind: other, ttlHours: 1 }
vocabulary:
  train: [train, trains, trained, training, pretrain*, fine tun*]
  model: [model, models, neural net*]
  gpu: [gpu, gpus, h100*, h200*, a100*]
kinds:
  - key: trains-models
    label: Trains its own models
    definition: The company itself trains or fine-tunes machine-learning models.
    polarity: positive
    weight: 50
    cap: 75
    halfLifeDays: 720
    phrases:
      - { says: [train, model], within: 10, strength: 0.9 }
  - key: runs-gpus
    label: Runs GPUs
    definition: The company runs GPUs or rents them.
    polarity: positive
    weight: 70
    cap: 90
    halfLifeDays: 720
    phrases:
      - { says: [gpu], strength: 0.9 }
  - key: customers-train
    label: Customers train with its product
    definition: Customers of the company train models with its product.
    polarity: positive
    weight: 30
    cap: 40
    halfLifeDays: 720
    doneBy: company-or-customers
    phrases:
      - { says: [train, model], within: 10, strength: 0.6 }
  - key: certified
    label: Certified
    definition: The company holds a SOC 2 or ISO 27001 certification.
    polarity: positive
    weight: 10
    cap: 20
    halfLifeDays: 720
    phrases:
      - { says: [[soc 2, iso 27001]], strength: 0.8 }
  - key: raised-money
    label: Raised money
    definition: The company raised a funding round.
    polarity: positive
    weight: 10
    cap: 20
    halfLifeDays: 720
    phrases:
      - { says: [[rais*, closed, secured], [million, funding, seed, series a, series b]], within: 10, strength: 0.8 }
  - key: renders-film
    label: Renders film
    definition: Renders animated feature films on a render farm.
    polarity: positive
    weight: 10
    cap: 20
    halfLifeDays: 720
    phrases: []
  - key: calls-apis
    label: Calls others' models
    definition: The product calls hosted models of other makers.
    polarity: contrary
    weight: 30
    cap: 45
    halfLifeDays: 720
    phrases:
      - { says: [[calls, uses, built on], [hosted models, hosted model, model api*]], within: 6, strength: 0.8 }
scale: { start: 10, spread: 25 }
bands:
  - { band: A, from: 70, meaning: a }
  - { band: B, from: 40, meaning: b }
  - { band: C, from: 12, meaning: c }
  - { band: D, from: 0, meaning: d }
evidence: { minimumCharacters: 100, ampleCharacters: 1000, expects: [site] }
personas:
  - key: technical-leader
    title: Head of engineering
    titles: [cto, vp engineering, head of engineering]
    pains: [Capacity is hard to get.]
    motives: [Ship faster.]
    style: Direct.
    decisionFactors: [Price per hour]
`,
  'reading-test',
);

export const company = { name: 'Halden Robotics', domain: 'halden.test' };

/** A source of our own making; what a test does not say is the company's own home page. */
export function sourceOf(text: string, rest: Partial<Source> = {}): Source {
  return {
    id: rest.url ?? 'source-1',
    companyId: 'company-1',
    url: 'https://halden.test/technology',
    kind: 'site',
    title: 'Technology',
    text,
    published: '2026-03-01T00:00:00Z',
    fetchedAt: '2026-09-01T00:00:00Z',
    contentHash: 'hash',
    credibility: 1,
    quality: 1,
    ...rest,
  };
}
