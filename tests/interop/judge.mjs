// Judges ID tokens and callbacks by `oauth4webapi` and `jose`, one JSON line in, one out. The first line is the setting
// that all cases share. A verdict is `null` (accepted) or the reason of the refusal.
import { createInterface } from "node:readline";

import * as jose from "jose";
import * as oauth from "oauth4webapi";

/** Seconds that clocks may differ, as in our own rules. */
const LEEWAY = 60;

let setting;
for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  if (setting === undefined) {
    setting = prepare(given);
    continue;
  }
  const verdict = given.url === undefined ? await judgeToken(given) : judgeCallback(given);
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}

function prepare({ server, clientId, jwks, nonce, state, algorithms }) {
  const client = { client_id: clientId, [oauth.clockTolerance]: LEEWAY };
  const fetchKeys = async () => new Response(JSON.stringify(jwks), { status: 200, headers: { "content-type": "application/json" } });
  return { server, client, nonce, state, algorithms, fetchKeys, keys: jose.createLocalJWKSet(jwks) };
}

async function judgeToken({ body, algorithm }) {
  return { oauth4webapi: await verdict(() => byOauth4webapi(body, algorithm)), jose: await verdict(() => byJose(body)) };
}

async function byOauth4webapi(body, algorithm) {
  // It takes one algorithm a client, and RS256 where none is said; ours takes a list.
  const client = { ...setting.client, id_token_signed_response_alg: algorithm };
  const response = new Response(body, { status: 200, headers: { "content-type": "application/json" } });
  await oauth.processAuthorizationCodeResponse(setting.server, client, response, { expectedNonce: setting.nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(setting.server, response, { [oauth.customFetch]: setting.fetchKeys });
}

// Signature, header and registered claims; what is OpenID's own is not its business.
async function byJose(body) {
  await jose.jwtVerify(JSON.parse(body).id_token, setting.keys, {
    algorithms: setting.algorithms,
    issuer: setting.server.issuer,
    audience: setting.client.client_id,
    clockTolerance: LEEWAY,
    requiredClaims: ["sub", "iat", "exp", "nonce"],
  });
}

function judgeCallback({ url }) {
  try {
    const parameters = oauth.validateAuthResponse(setting.server, setting.client, new URL(url), setting.state);
    return { oauth4webapi: parameters.get("code") ? null : "no code" };
  } catch (error) {
    return { oauth4webapi: reason(error) };
  }
}

async function verdict(judge) {
  try {
    await judge();
    return null;
  } catch (error) {
    return reason(error);
  }
}

function reason(error) {
  return `${error.code ?? error.name}: ${error.message}`;
}
