import { join } from 'node:path';
import { grantLocalAccess } from '../../../../src/embedded/local-access.ts';
import type { Step } from '../../../story/story.ts';
import { seedHistory } from '../../simulator/seed-history.ts';
import { castPeople } from '../cast.ts';
import { openInbox } from '../../../story/inbox.ts';
import type { Setting } from '../setting.ts';
import { need } from '../setting.ts';
import { MODEL, PLANTLY, startPlantly } from '../shop.ts';
import type { PlantlyOptions } from '../shop.ts';
import { keepSecrets } from '../story-secrets.ts';

/** The stack stands, the shop has a past, and the spec is applied. */
export function opening(setting: Setting, stackOptions: PlantlyOptions): Step[] {
  return [
    {
      id: 'stack',
      title: 'Start the stack',
      expected:
        'Temporal, PostgreSQL, S3, mail and Slack sinks, API, gateway and four workers run and answer',
      run: async () => {
        setting.plantly = await startPlantly(stackOptions);
        const { stack } = setting.plantly;
        const access = await grantLocalAccess(stack);
        setting.cast = await castPeople(access.url, access.token);
        keepSecrets(setting.plantly, setting.cast);
        setting.inbox = openInbox(stack);
        const { api, gateway, temporalUi, mailInbox, slackView } = stack.endpoints;
        return {
          seen: `API ${api ?? ''}/docs · Temporal UI ${temporalUi ?? ''} · mail ${mailInbox ?? ''} · Slack ${slackView ?? ''}`,
          facts: {
            processes: stack.processes().map(({ name, pid }) => ({ name, pid })),
            api,
            gateway,
            temporalUi,
            mailInbox,
            slackView,
          },
        };
      },
    },
    {
      id: 'history',
      title: 'plantly.shop has traded for 60 days (simulated)',
      expected: 'customers, plants and orders in PostgreSQL; impressions and clicks in the application log',
      run: async () => {
        const { shopDatabaseUrl, logDirectory } = need(setting.plantly, 'stack');
        const { seed } = setting.options;
        const historyEnd = new Date();
        const size = await seedHistory({
          databaseUrl: shopDatabaseUrl,
          logDirectory,
          seed,
          baseTime: historyEnd,
        });
        setting.historyEnd = historyEnd;
        setting.history = size;
        return {
          seen: `${size.customers} customers, ${size.plants} plants, ${size.impressions} impressions, ${size.orders} orders`,
          facts: { ...size },
        };
      },
    },
    {
      id: 'apply',
      title: 'Dana, data scientist (scripted), applies the spec',
      expected: 'revision 1 of the spec; applying it again changes nothing',
      run: async () => {
        const { dataScientist } = need(setting.cast, 'cast');
        const file = join(PLANTLY, 'perennial.yaml');
        const first = await dataScientist.apply(file);
        const again = await dataScientist.apply(file);
        if (again.changed || again.revision !== first.revision)
          throw new Error(`applying the same spec again made revision ${again.revision}`);
        return {
          seen: `${MODEL}: revision ${first.revision}, then nothing changed`,
          facts: { revision: first.revision, schedules: first.schedules },
        };
      },
    },
  ];
}
