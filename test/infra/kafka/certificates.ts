/** Authorities and certificates for tests, made by openssl in a folder. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why none can be made here; undefined where they can. */
export const whyNoCertificates = (): string | undefined =>
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';

export const STORE_PASSWORD = 'store-secret';

/** Files of one certificate. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Both with the authority's, under {@link STORE_PASSWORD}. */
  readonly keystore: string;
}

export interface Authority {
  /** Its own certificate (PEM). */
  readonly file: string;
  /** Signs a certificate; `days` may lie in the past. */
  readonly issue: (name: string, extension: string, days?: number) => CertificateFiles;
}

/** Makes an authority of that name. */
export const authorityIn = (folder: string, name: string): Authority => {
  const path = (file: string): string => join(folder, file);
  const openssl = (...parameters: ReadonlyArray<string>): void => {
    const { status, stdout, stderr, error } = spawnSync('openssl', parameters, { encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`openssl ${parameters.join(' ')}: ${error?.message ?? stdout + stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [file, authorityKey] = [path(`${name}.pem`), path(`${name}.key`)];
  openssl('req', '-x509', ...newKey, '-keyout', authorityKey, '-out', file, '-days', '2', '-subj', `/CN=${name}`);
  const issue: Authority['issue'] = (subject, extension, days = 2) => {
    const files = {
      certificate: path(`${subject}.pem`),
      key: path(`${subject}.key`),
      keystore: path(`${subject}.p12`),
    };
    const [request, extensions] = [path(`${subject}.csr`), path(`${subject}.ext`)];
    writeFileSync(extensions, extension);
    openssl('req', ...newKey, '-keyout', files.key, '-out', request, '-subj', `/CN=${subject}`);
    const signing = ['-CA', file, '-CAkey', authorityKey, '-CAcreateserial', '-days', String(days)];
    openssl('x509', '-req', '-in', request, ...signing, '-extfile', extensions, '-out', files.certificate);
    const parts = ['-in', files.certificate, '-inkey', files.key, '-certfile', file, '-out', files.keystore];
    openssl('pkcs12', '-export', ...parts, '-passout', `pass:${STORE_PASSWORD}`);
    return files;
  };
  return { file, issue };
};
