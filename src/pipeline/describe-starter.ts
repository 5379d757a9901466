import type { Starter } from './store/runs.ts';

/** Who asked for something, in words that go behind "by". */
export function describeStarter({ via, name }: Starter): string {
  switch (via) {
    case 'command-line':
      return 'the command line';
    case 'schedule':
      return 'the schedule';
    case 'web':
      return name ?? 'this machine';
    case 'api':
      return name === null ? 'this machine' : `the token “${name}”`;
    case 'slack':
      return `${name ?? 'somebody'} in Slack`;
    case 'crm':
      return `${name ?? 'somebody'} in the CRM`;
  }
}
