import { createPerson, hire } from '../../story/person.ts';
import type { Person } from '../../story/person.ts';

/** The scripted people of the story. Each has a token of their own and acts only through the public API. */
export interface Cast {
  readonly dataScientist: Person;
  readonly mlEngineer: Person;
  readonly secondEngineer: Person;
  readonly onCall: Person;
  readonly auditor: Person;
}

export async function castPeople(url: string, adminToken: string): Promise<Cast> {
  const admin = createPerson('local-admin', url, adminToken);
  return {
    dataScientist: await hire(admin, url, 'dana', ['data-scientist', 'ml-engineer']),
    mlEngineer: await hire(admin, url, 'miguel', ['ml-engineer']),
    secondEngineer: await hire(admin, url, 'ravi', ['ml-engineer']),
    onCall: await hire(admin, url, 'olu', ['on-call']),
    auditor: await hire(admin, url, 'aya', ['viewer']),
  };
}
