import { testOutage } from './outage.ts';

testOutage({ providers: ['web'], workers: 1 });
