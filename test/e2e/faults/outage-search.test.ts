import { testOutage } from './outage.ts';

// Two workers: what one learns of the outage the other knows.
testOutage({ providers: ['tavily'], workers: 2 });
