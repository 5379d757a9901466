import { testOutage } from './outage.ts';

testOutage({ providers: ['salesforce', 'hubspot'], workers: 1 });
