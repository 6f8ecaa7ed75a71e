/** The certificate that a client shows to a broker, in words: its setting, its file, and what a refusal may be about. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { variableOf } from '../configuration';
import type { ClientSettings } from './client-settings';

/** The settings that hold a certificate; the first that is set is the one that is shown. */
const SETTINGS = ['ssl.certificate.location', 'ssl.certificate.pem', 'ssl.keystore.location'] as const;

export interface ShownCertificate {
  /** Whose certificate it is, where it stands, and which setting says so. */
  readonly name: string;
  /** Who signed it and until when it is valid; undefined where the file can't be read here, a keystore above all. */
  readonly about: string | undefined;
}

/** The client certificate of these settings; undefined where they have none. Never throws. */
export const shownCertificate = (settings: ClientSettings = {}): ShownCertificate | undefined => {
  const setting = SETTINGS.find((name) => settings[name] !== undefined);
  if (setting === undefined) return undefined;
  const value = String(settings[setting]);
  // The text of a certificate itself tells a reader nothing.
  const where = setting === 'ssl.certificate.pem' ? variableOf(setting) : `'${value}' (${variableOf(setting)})`;
  const certificate = readCertificate(setting, value);
  if (certificate === undefined) return { name: where, about: undefined };
  return {
    name: `${where}, made out to '${oneLine(certificate.subject)}'`,
    about: `its authority is '${oneLine(certificate.issuer)}', and it is valid from ${certificate.validFrom} to ${certificate.validTo}`,
  };
};

const readCertificate = (setting: (typeof SETTINGS)[number], value: string): X509Certificate | undefined => {
  if (setting === 'ssl.keystore.location') return undefined;
  try {
    return new X509Certificate(setting === 'ssl.certificate.pem' ? value : readFileSync(value));
  } catch {
    // It was readable when the client was made; the setting's name has to do.
    return undefined;
  }
};

const oneLine = (name: string): string => name.split('\n').join(', ');
