// The certified `oidc-provider` as a public mobile client meets it. For tests only: loopback, everything in memory, and
// `alice` signs in without being asked. Prints `ready ISSUER` and runs until it is ended.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

import Provider, { errors, interactionPolicy } from "oidc-provider";

const { Check, base } = interactionPolicy;

const ACCOUNT = { sub: "alice", email: "alice@portal.test", email_verified: true, name: "Alice" };
// The one API that tokens can be asked for (RFC 8707).
const API = "https://api.portal.example/";
const ORDINARY = "urn:portal:known";
const STRONG = "urn:portal:verified";
const HOUR = 3600;

const server = createServer();
await new Promise((listening) => server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "portal-app",
      application_type: "native",
      token_endpoint_auth_method: "none",
      // The loopback redirect matches with any port (RFC 8252 section 7.3).
      redirect_uris: ["com.example.portal:/callback", "http://127.0.0.1/callback"],
      post_logout_redirect_uris: ["com.example.portal:/signed-out"],
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      response_types: ["code"],
    },
  ],
  scopes: ["openid", "offline_access", "profile", "email"],
  claims: {
    openid: ["sub"],
    profile: ["name"],
    email: ["email", "email_verified"],
    acr: null,
    amr: null,
    auth_time: null,
    iss: null,
    sid: null,
  },
  acrValues: [ORDINARY, STRONG],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
  ttl: { AccessToken: 10 * 60, AuthorizationCode: 60, IdToken: HOUR, RefreshToken: 24 * HOUR, Session: 24 * HOUR, Grant: 24 * HOUR, Interaction: HOUR },
  findAccount: (_context, id) => (id === ACCOUNT.sub ? { accountId: id, claims: async () => ACCOUNT } : undefined),
  interactions: { policy: signInPolicy(), url: (_context, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    deviceFlow: { enabled: true },
    // Every proof needs the server's nonce; tokens asked for without a proof are Bearer tokens.
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    introspection: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: { enabled: true, defaultResource: () => undefined, useGrantedResource: () => true, getResourceServerInfo: api },
    revocation: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // The page that asks "sign out?" answers itself.
      logoutSource: async (context, form) => {
        const yes = '<button type="submit" form="op.logoutForm" name="logout" value="yes">Yes</button>';
        context.body = `<!doctype html><title>Sign out</title>${form}${yes}<script>document.querySelector("button").click()</script>`;
      },
    },
  },
});

// Signing in and consenting without a page: the browser of a test follows redirects and keeps cookies, no more.
provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const { grantId, params, prompt, session } = await provider.interactionDetails(context.req, context.res);
  const result = prompt.name === "login" ? { login: signIn(params) } : { consent: { grantId: await grant(grantId, params, session, prompt) } };
  context.respond = false;
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: prompt.name !== "login" });
});

server.on("request", provider.callback());
console.log(`ready ${issuer}`);

// Asks for a new sign-in when a stronger one than the session's is wanted (RFC 9470).
function signInPolicy() {
  const policy = base();
  policy.get("login").checks.add(
    new Check("stronger_sign_in", "a stronger sign-in is asked for", "login_required", ({ oidc }) => {
      const reached = oidc.result?.login?.acr ?? oidc.session?.acr;
      return wantsStrong(oidc.params, oidc.claims) && reached !== STRONG ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    }),
  );
  return policy;
}

function wantsStrong(params, claims) {
  const essential = claims?.id_token?.acr;
  return [...(params.acr_values ?? "").split(" "), ...(essential?.values ?? []), essential?.value].includes(STRONG);
}

function signIn(params) {
  const strong = wantsStrong(params, params.claims && JSON.parse(params.claims));
  return { accountId: ACCOUNT.sub, acr: strong ? STRONG : ORDINARY, amr: strong ? ["pwd", "otp"] : ["pwd"] };
}

function api(_context, resource) {
  if (resource !== API) throw new errors.InvalidTarget();
  return { scope: "reviews", audience: API, accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
}

async function grant(grantId, params, session, { details }) {
  const given = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) given.addOIDCScope(details.missingOIDCScope.join(" "));
  if (details.missingOIDCClaims) given.addOIDCClaims(details.missingOIDCClaims);
  return given.save();
}
