/** The values that come with an org (object reference, Account.Type). */
export const accountTypes: readonly string[] = [
  'Prospect',
  'Customer - Direct',
  'Customer - Channel',
  'Channel Partner / Reseller',
  'Installation Partner',
  'Technology Partner',
  'Other',
];

/** Some of the stages that come with an org (object reference, Opportunity.StageName). */
export const stages: readonly string[] = [
  'Prospecting',
  'Qualification',
  'Negotiation/Review',
  'Closed Won',
  'Closed Lost',
];

/** The statuses of tasks that come with an org (object reference, TaskStatus). */
export const taskStatuses: readonly { label: string; closed: boolean }[] = [
  { label: 'Not Started', closed: false },
  { label: 'In Progress', closed: false },
  { label: 'Completed', closed: true },
  { label: 'Waiting on someone else', closed: false },
  { label: 'Deferred', closed: false },
];
