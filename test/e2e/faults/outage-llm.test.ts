import { testOutage } from './outage.ts';

testOutage({ providers: ['llm'], workers: 1 });
