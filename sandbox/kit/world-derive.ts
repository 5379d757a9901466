import { hashBytes } from './world-ids.ts';
import type { CompanyRow, RecordRow } from './world-rows.ts';

const firstNames = [
  'Amara', 'Bastian', 'Chiara', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hanako', 'Ibrahim', 'Joanna', 'Kofi', 'Linnea',
  'Marek', 'Nadia', 'Oskar', 'Priya', 'Quentin', 'Rosalind', 'Soren', 'Tamsin', 'Umberto', 'Valentina', 'Wendell', 'Yara',
]; // prettier-ignore
const lastNames = [
  'Abernethy', 'Bergkvist', 'Castellano', 'Dunmore', 'Eriksen', 'Falkner', 'Grigoryan', 'Hallworth', 'Iwasaki', 'Jankowiak', 'Kettering', 'Lindqvist',
  'Mbeki', 'Norrington', 'Okonjo', 'Pellegrin', 'Quillfeather', 'Ravensdale', 'Sandoval', 'Thistlewood', 'Ustinov', 'Verhoeven', 'Wexford', 'Yilmaz',
]; // prettier-ignore
const titles = [
  'CTO', 'Head of ML Platform', 'VP Engineering', 'CFO', 'VP Infrastructure', 'Director of Data Science', 'Head of Procurement', 'CEO',
  'Platform Engineering Manager', 'Chief Operating Officer', 'Head of Marketing', 'IT Manager',
]; // prettier-ignore
const owners = ['Renata Holm', 'Tobias Achterberg', 'Imani Oyelaran'];

function pick(list: readonly string[], byte: number | undefined): string {
  return list[(byte ?? 0) % list.length] ?? '';
}

/** Which CRMs a company is in when nobody says: 45 % Salesforce only, 35 % HubSpot only, 20 % both, by its domain. */
function deriveCrms(domain: string): ('salesforce' | 'hubspot')[] {
  const draw = hashBytes(`crm:${domain}`).readUInt32BE(0) % 100;
  if (draw < 45) return ['salesforce'];
  return draw < 80 ? ['hubspot'] : ['salesforce', 'hubspot'];
}

type Person = { slot: string; first_name: string; last_name: string; email: string; title: string };

/** Zero to two people of a company in a role ("lead", "contact"); the same for the same domain, always. */
function derivePeople(domain: string, role: 'lead' | 'contact'): Person[] {
  const many = hashBytes(`${role}s:${domain}`).readUInt32BE(0) % 3;
  return Array.from({ length: many }, (_, index) => {
    const bytes = hashBytes(`${role}:${index}:${domain}`);
    const first = pick(firstNames, bytes[0]);
    const last = pick(lastNames, bytes[1]);
    const email = `${first}.${last}@${domain}`.toLowerCase();
    return {
      slot: `${role}-${index + 1}`,
      first_name: first,
      last_name: last,
      email,
      title: pick(titles, bytes[2]),
    };
  });
}

const blank = {
  name: null, first_name: null, last_name: null, email: null, title: null, company: null, website: null, domain: null, parent: null,
  converted_to: null, industry: null, employees: null, country: null, phone: null, owner: null,
}; // prettier-ignore

/** The CRM rows of one company that records.jsonl does not mention. */
export function deriveRecords(company: CompanyRow): RecordRow[] {
  const { domain, name, industry, employees, country } = company;
  const website = company.website ?? `https://${domain}/`;
  const owner = pick(owners, hashBytes(`owner:${domain}`)[0]);
  const firm = { ...blank, name, website, domain, industry, employees, country, owner };
  const leads = derivePeople(domain, 'lead');
  const contacts = derivePeople(domain, 'contact');
  const rows: RecordRow[] = [];
  for (const crm of company.crm ?? deriveCrms(domain)) {
    const key = (slot: string) => `${crm}:${domain}:${slot}`;
    const parent = key('company');
    const isSalesforce = crm === 'salesforce';
    rows.push({ ...firm, crm, object: isSalesforce ? 'Account' : 'company', key: parent });
    for (const { slot, ...person } of leads) {
      rows.push({
        ...blank,
        ...person,
        crm,
        object: isSalesforce ? 'Lead' : 'contact',
        key: key(slot),
        company: name,
        website,
        owner,
      });
    }
    for (const { slot, ...person } of contacts) {
      rows.push({
        ...blank,
        ...person,
        crm,
        object: isSalesforce ? 'Contact' : 'contact',
        key: key(slot),
        company: name,
        parent,
        owner,
      });
    }
  }
  return rows;
}
