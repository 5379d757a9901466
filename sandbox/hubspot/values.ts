import type { PropertyDefinition } from './schema.ts';

/** One entry of HubSpot's validation list, as it is embedded in the message of a 400. */
export type ValueProblem = {
  isValid: false;
  message: string;
  error: string;
  name: string;
  localizedErrorMessage: string;
};

export type CheckedValue = { value: string } | { problem: ValueProblem };

// HubSpot knowledge base, "Property field types": text holds up to 65,536 characters.
const TEXT_LIMIT = 65_536;
const DAY_MS = 86_400_000;

function describeProblem(name: string, error: string, message: string): ValueProblem {
  return { isValid: false, message, error, name, localizedErrorMessage: message };
}

/** Milliseconds for a moment written in milliseconds or in ISO 8601; null when it is neither. */
export function parseMoment(text: string): number | null {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return null;
  const parsed = Date.parse(text.includes('T') && !/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(parsed) ? null : parsed;
}

/**
 * A written value as HubSpot would store it, or why it refuses it. An empty string clears.
 * @param property the definition; undefined: the property does not exist
 */
export function checkValue(
  name: string,
  property: PropertyDefinition | undefined,
  written: string,
): CheckedValue {
  const refuse = (error: string, message: string): CheckedValue => ({
    problem: describeProblem(name, error, message),
  });
  if (property === undefined) return refuse('PROPERTY_DOESNT_EXIST', `Property "${name}" does not exist`);
  if (property.readOnlyValue)
    return refuse('READ_ONLY_VALUE', `"${name}" is a read only property; its value cannot be set.`);
  const value = written.trim();
  if (value === '') return { value: '' };
  switch (property.type) {
    case 'number': {
      const number = Number(value);
      if (!Number.isFinite(number)) return refuse('INVALID_NUMBER', `${value} was not a valid number.`);
      return { value: String(number) };
    }
    case 'bool': {
      const bool = value.toLowerCase();
      if (bool !== 'true' && bool !== 'false')
        return refuse('INVALID_OPTION', `${value} was not one of the allowed options: [true, false]`);
      return { value: bool };
    }
    case 'enumeration': {
      // Owners and merged ids come from elsewhere (externalOptions): any value passes.
      if (property.options.length === 0) return { value };
      if (property.options.some((option) => option.value === value)) return { value };
      const allowed = property.options.map((option) => option.value).join(', ');
      return refuse('INVALID_OPTION', `${value} was not one of the allowed options: [${allowed}]`);
    }
    case 'datetime': {
      const moment = parseMoment(value);
      if (moment === null) return refuse('INVALID_LONG', `${value} was not a valid long.`);
      return { value: new Date(moment).toISOString() };
    }
    case 'date': {
      const moment = parseMoment(value);
      if (moment === null) return refuse('INVALID_LONG', `${value} was not a valid long.`);
      if (moment % DAY_MS !== 0)
        return refuse(
          'INVALID_DATE',
          `${value} is at ${new Date(moment).toISOString().slice(11, 19)} UTC, not midnight!`,
        );
      return { value: new Date(moment).toISOString().slice(0, 10) };
    }
    case 'string':
      return checkText(name, property, value);
  }
}

function checkText(name: string, property: PropertyDefinition, value: string): CheckedValue {
  const limit = Math.min(TEXT_LIMIT, property.textLimit ?? TEXT_LIMIT);
  if (value.length > limit)
    return {
      problem: describeProblem(
        name,
        'TOO_LONG',
        `Property "${name}" holds at most ${limit} characters, not ${value.length}`,
      ),
    };
  if (!property.hubspotDefined) return { value };
  if (name === 'domain') {
    const bare = value.toLowerCase().replace(/^[a-z]+:\/\//, '').replace(/[/?#].*$/, ''); // prettier-ignore
    return { value: bare };
  }
  if (name === 'email') {
    const email = value.toLowerCase();
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
      return { problem: describeProblem(name, 'INVALID_EMAIL', `Email address ${value} is invalid`) };
    return { value: email };
  }
  return { value };
}
