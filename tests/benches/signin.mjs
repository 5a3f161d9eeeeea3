// `jose` as a contender of `cargo xtask bench signin`: reads `NAME TIMES` and answers with the nanoseconds that took.

import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";

const task = JSON.parse(process.argv[2]);
const keys = createLocalJWKSet(task.jwks);
const device = await generateKeyPair("ES256");
const jwk = await exportJWK(device.publicKey);

async function idToken(algorithm) {
  const options = { issuer: task.issuer, audience: task.client, algorithms: [algorithm], requiredClaims: ["sub", "iat", "exp"] };
  const { payload } = await jwtVerify(task[algorithm], keys, options);
  if (payload.nonce !== task.nonce || payload.sub !== "alice") throw new Error("another sign-in's");
}

function proof() {
  const ath = createHash("sha256").update(task.accessToken).digest("base64url");
  return new SignJWT({ jti: randomBytes(32).toString("base64url"), htm: "GET", htu: task.api, nonce: "a-nonce-of-the-server", ath })
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
    .setIssuedAt()
    .sign(device.privateKey);
}

const warm = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const [name, times] = line.split(" ");
  const work = name === "DPoP" ? proof : () => idToken(name);
  // Its compiler gets to know the work before anything is measured.
  for (const end = Date.now() + 3000; !warm.has(name) && Date.now() < end; ) await work();
  warm.add(name);
  const started = process.hrtime.bigint();
  for (let n = 0; n < Number(times); n++) await work();
  console.log(`took ${process.hrtime.bigint() - started}`);
}
