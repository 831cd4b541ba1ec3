// Recomputes every sealed form with Node's crypto, from the documented formats alone:
//
//     node sealing.mjs > sealing.json
//
// Keys and nonces are fixed, so the output is always the same.

import { createCipheriv, createHash } from 'node:crypto';

const bytes = (label, length) =>
  createHash('sha256').update(label).digest().subarray(0, length);

const gcm = (key, nonce, plaintext, bound) => {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  if (bound) cipher.setAAD(bound);
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { content, tag: cipher.getAuthTag() };
};

const lengthPrefixed = (...parts) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const encoded = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(encoded.length);
      return [length, encoded];
    }),
  );

const box = (key, nonce, plaintext, bound) => {
  const { content, tag } = gcm(key, nonce, plaintext, bound);
  const both = Buffer.concat([content, tag]);
  return `${nonce.toString('base64')}:${both.toString('base64')}`;
};

const plaintexts = {
  'a managed credential': JSON.stringify({
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: 'f'.repeat(32),
    phoneNumber: '+14158497226',
    managedByVoxanne: true,
    vapiPhoneId: 'ph_1',
    vapiCredentialId: 'cr_1',
  }),
  'a bare token': 'e'.repeat(32),
  'text beyond ASCII': 'clé — ключ — 鍵 — 🔑',
  'an empty string': '',
  'a long string': 'x'.repeat(500),
};

const legacy = Object.entries(plaintexts).map(([name, plaintext]) => {
  const key = bytes('legacy key', 32);
  const iv = bytes(`legacy iv of ${name}`, 12);
  const { content, tag } = gcm(key, iv, plaintext);
  const sealed = [iv, tag, content].map((part) => part.toString('hex')).join(':');
  return { name, key: key.toString('hex'), plaintext, sealed };
});

const orgId = '46cf2995-2bee-44e3-838b-24151486fe4e';

const v2 = Object.entries(plaintexts).map(([name, plaintext], index) => {
  const key = bytes(`data key of ${name}`, 32);
  const nonce = bytes(`v2 nonce of ${name}`, 12);
  const place = {
    org_id: orgId,
    credential_id: `00000000-0000-4000-8000-00000000000${index}`,
    provider: index === 2 ? 'opérateur' : 'twilio',
    field: 'encrypted_config',
  };
  const version = 10 ** index;
  const bound = lengthPrefixed(
    'v2', place.org_id, place.credential_id, place.provider, place.field, `${version}`,
  );
  return {
    name, key: key.toString('hex'), nonce: nonce.toString('hex'), place, version,
    plaintext, sealed: `v2:${version}:${box(key, nonce, plaintext, bound)}`,
  };
});

const wrapped = [['kek-2026', 1], ['a', 999999999]].map(([kekId, version]) => {
  const kek = bytes(`kek ${kekId}`, 32);
  const key = bytes(`data key under ${kekId}`, 32);
  const nonce = bytes(`k1 nonce under ${kekId}`, 12);
  const bound = lengthPrefixed('k1', orgId, `${version}`, kekId);
  return {
    kek_entry: `${kekId}:${kek.toString('base64')}`,
    org_id: orgId, version, key: key.toString('hex'), nonce: nonce.toString('hex'),
    wrapped: `k1:${kekId}:${box(kek, nonce, key, bound)}`,
  };
});

console.log(JSON.stringify({ legacy, v2, wrapped }, null, 2));
