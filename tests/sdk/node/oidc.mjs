// Independent clients of OpenID Connect and OAuth 2, openid-client and oauth4webapi, and the SDK's AuthenticationClient.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { AuthenticationClient, ManagementClient } from "authing-node-sdk";
import * as oauth from "oauth4webapi";
import * as oidc from "openid-client";

const { WATCHWORD_HOST: host, ACCESS_KEY_ID, ACCESS_KEY_SECRET, APP_ID, APP_SECRET } = process.env;
const management = new ManagementClient({ host, accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET });
const PASSWORD = "correct horse battery staple";
const SCOPE = "openid profile email offline_access";
const issuer = new URL(`${host}/oidc`);
const insecure = { execute: [oidc.allowInsecureRequests] };

let passed = 0;
async function check(sentence, body) {
  try {
    const value = await body();
    console.log(`ok ${++passed} ${sentence}`);
    return value;
  } catch (error) {
    console.log(`not ok ${passed + 1} ${sentence}`);
    console.error(error.cause ?? error.response?.data ?? error);
    console.log(`node oidc journey: ${passed} passed, 1 failed`);
    process.exit(1);
  }
}

function ok(reply) {
  assert.equal(reply.statusCode, 200, JSON.stringify(reply));
  return reply.data;
}

/** A new application: its id and secret. */
async function application(oidcConfig, more) {
  const { appId } = ok(await management.createApplication({ appName: "Shop", oidcConfig, ...more }));
  const { secret } = ok(await management.getApplicationSecret({ appId }));
  return { appId, secret };
}

/** An access token of a user of this application, by the API of the SDKs. */
async function signIn(appId, username) {
  const response = await fetch(`${host}/api/v3/signin`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-authing-app-id": appId },
    body: JSON.stringify({
      connection: "PASSWORD",
      passwordPayload: { username, password: PASSWORD },
      options: { scope: SCOPE },
    }),
  });
  return ok(await response.json());
}

const CALLBACK = "https://app.example.com/callback";

/** A browser without a script: it keeps cookies and follows its server until it is sent to the callback. */
class Browser {
  cookies = new Map();

  async open(address, form) {
    let [url, body] = [new URL(address, host), form && new URLSearchParams(form)];
    for (;;) {
      if (url.href.startsWith(CALLBACK)) return { callback: url };
      const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
      const headers = body ? { cookie, origin: host } : { cookie };
      const response = await fetch(url, { method: body ? "POST" : "GET", body, redirect: "manual", headers });
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(";")[0].split("=");
        this.cookies.set(name, value);
      }
      const location = response.headers.get("location");
      if (!location) return { page: await response.text() };
      [url, body] = [new URL(location, url), undefined];
    }
  }

  /** Where the sign-in page sends whoever signs in. */
  async signIn(address, account) {
    const { page } = await this.open(address);
    const [, action] = page.match(/action="([^"]+\/login)"/);
    const [, csrf] = page.match(/name="csrf" value="([^"]+)"/);
    const { callback, page: problem } = await this.open(action, { csrf, account, password: PASSWORD });
    assert.ok(callback, problem);
    return callback;
  }
}

// These clients look at a challenge in the headers (RFC 6749 §5.2) before they look at the body.
const challenged = (e) => e.status === 401 && e.cause?.[0]?.scheme === "basic";
const refusedWith = (error) => (e) =>
  (e.error ?? e.cause?.error) === error || (error === "invalid_client" && challenged(e));

const user = ok(await management.createUser({ username: "ada", email: "ada@example.com", password: PASSWORD }));

await check("openid-client discovers the server", async () => {
  const config = await oidc.discovery(issuer, APP_ID, undefined, oidc.ClientSecretPost(APP_SECRET), insecure);
  assert.equal(config.serverMetadata().issuer, issuer.href);
});

const shop = await application({ grant_types: ["client_credentials", "refresh_token"] });
for (const [name, method] of [["post", oidc.ClientSecretPost], ["basic", oidc.ClientSecretBasic]]) {
  await check(`openid-client has a token in its own name by client_secret_${name}`, async () => {
    const config = await oidc.discovery(issuer, shop.appId, undefined, method(shop.secret), insecure);
    const tokens = await oidc.clientCredentialsGrant(config, { scope: "orders:read" });
    assert.equal(tokens.scope, "orders:read");
    const told = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.ok(told.active && told.client_id === shop.appId);
    await oidc.tokenRevocation(config, tokens.access_token);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
    const wrong = await oidc.discovery(issuer, shop.appId, undefined, method("wrong"), insecure);
    await assert.rejects(oidc.clientCredentialsGrant(wrong), refusedWith("invalid_client"));
  });
}

await check("openid-client refreshes tokens, reads the user's claims and ends the session", async () => {
  const signed = await application({ id_token_signed_response_alg: "RS256" });
  const config = await oidc.discovery(issuer, signed.appId, undefined, oidc.ClientSecretPost(signed.secret), insecure);
  oidc.enableNonRepudiationChecks(config);
  const first = await signIn(signed.appId, "ada");
  const tokens = await oidc.refreshTokenGrant(config, first.refresh_token);
  assert.equal(tokens.claims().sub, user.userId);
  const told = await oidc.fetchUserInfo(config, tokens.access_token, user.userId);
  assert.equal(told.email, "ada@example.com");
  await oidc.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), refusedWith("invalid_grant"));
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
});

await check("openid-client takes HS256 ID tokens, which the application's secret proves", async () => {
  const metadata = { id_token_signed_response_alg: "HS256", client_secret: APP_SECRET };
  const config = await oidc.discovery(issuer, APP_ID, metadata, oidc.ClientSecretPost(APP_SECRET), insecure);
  const { refresh_token } = await signIn(APP_ID, "ada");
  const tokens = await oidc.refreshTokenGrant(config, refresh_token);
  assert.equal(tokens.claims().sub, user.userId);
  // openid-client leaves MACs to its caller.
  const [head, claims, mac] = tokens.id_token.split(".");
  assert.equal(createHmac("sha256", APP_SECRET).update(`${head}.${claims}`).digest("base64url"), mac);
});

for (const alg of ["ES256", "EdDSA"]) {
  await check(`openid-client verifies ${alg} by the application's own key set`, async () => {
    const own = await application({ id_token_signed_response_alg: alg, access_token_signing_alg: alg });
    const server = new URL(`${host}/${own.appId}/oidc/.well-known/openid-configuration`);
    const metadata = { id_token_signed_response_alg: alg };
    const config = await oidc.discovery(server, own.appId, metadata, oidc.ClientSecretPost(own.secret), insecure);
    oidc.enableNonRepudiationChecks(config);
    const { refresh_token } = await signIn(own.appId, "ada");
    assert.equal((await oidc.refreshTokenGrant(config, refresh_token)).claims().sub, user.userId);
  });
}

await check("openid-client authenticates by private_key_jwt", async () => {
  const pair = await oauth.generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: "mine" };
  delete jwk.key_ops;
  delete jwk.ext;
  const own = await application({
    token_endpoint_auth_method: "private_key_jwt",
    grant_types: ["client_credentials"],
    jwks: { keys: [jwk] },
  });
  const key = { key: pair.privateKey, kid: "mine" };
  const config = await oidc.discovery(issuer, own.appId, undefined, oidc.PrivateKeyJwt(key), insecure);
  assert.ok((await oidc.clientCredentialsGrant(config)).access_token);
  const other = await oauth.generateKeyPair("ES256");
  const wrong = await oidc.discovery(issuer, own.appId, undefined, oidc.PrivateKeyJwt({ key: other.privateKey, kid: "mine" }), insecure);
  await assert.rejects(oidc.clientCredentialsGrant(wrong), refusedWith("invalid_client"));
});

await check("openid-client pushes an authorization request", async () => {
  const config = await oidc.discovery(issuer, APP_ID, undefined, oidc.ClientSecretPost(APP_SECRET), insecure);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, { scope: "openid", state: oidc.randomState() });
  assert.match(url.searchParams.get("request_uri"), /^urn:ietf:params:oauth:request_uri:/);
});

await check("openid-client has tokens bound to a key and uses them", async () => {
  const config = await oidc.discovery(issuer, APP_ID, undefined, oidc.ClientSecretPost(APP_SECRET), insecure);
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  const { refresh_token } = await signIn(APP_ID, "ada");
  const tokens = await oidc.refreshTokenGrant(config, refresh_token, undefined, { DPoP });
  assert.equal(tokens.token_type, "dpop");
  const told = await oidc.fetchUserInfo(config, tokens.access_token, user.userId, { DPoP });
  assert.equal(told.sub, user.userId);
  const stolen = await fetch(`${host}/oidc/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(stolen.status, 401);
});

await check("openid-client signs a device in", async () => {
  const tv = await application({ grant_types: ["urn:ietf:params:oauth:grant-type:device_code"], id_token_signed_response_alg: "RS256" });
  const config = await oidc.discovery(issuer, tv.appId, undefined, oidc.ClientSecretPost(tv.secret), insecure);
  const begun = await oidc.initiateDeviceAuthorization(config, { scope: "openid" });
  const { access_token } = await signIn(APP_ID, "ada");
  const decided = await fetch(`${host}/api/v3/decide-device-authorization`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: access_token },
    body: JSON.stringify({ userCode: begun.user_code, approve: true }),
  });
  ok(await decided.json());
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, begun);
  assert.equal(tokens.claims().sub, user.userId);
});

await check("openid-client signs a user in at the browser by code and PKCE, and once more without a password", async () => {
  const app = await application({ id_token_signed_response_alg: "RS256" }, { redirectUris: [CALLBACK] });
  const config = await oidc.discovery(issuer, app.appId, undefined, oidc.ClientSecretPost(app.secret), insecure);
  oidc.enableNonRepudiationChecks(config);
  const browser = new Browser();
  for (const prompt of ["login", "none"]) {
    const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
    const address = oidc.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK, scope: "openid email", state, nonce, prompt,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
    });
    const callback = prompt === "login" ? await browser.signIn(address, "ada") : (await browser.open(address)).callback;
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    const tokens = await oidc.authorizationCodeGrant(config, callback, checks);
    assert.equal(tokens.claims().sub, user.userId);
    await assert.rejects(oidc.authorizationCodeGrant(config, callback, checks), refusedWith("invalid_grant"));
  }
});

await check("the official SDK's AuthenticationClient signs a user in at the browser, refreshes, and signs out", async () => {
  const app = await application({}, { redirectUris: [CALLBACK], logoutRedirectUris: [CALLBACK] });
  const client = new AuthenticationClient({
    appId: app.appId, appSecret: app.secret, appHost: host, redirectUri: CALLBACK, logoutRedirectUri: CALLBACK,
  });
  const scope = "openid profile email offline_access";
  const { url, state } = client.buildAuthorizeUrl({ scope, redirectUri: CALLBACK });
  const browser = new Browser();
  const callback = await browser.signIn(url, "ada@example.com");
  assert.equal(callback.searchParams.get("state"), state);
  const tokens = await client.getAccessTokenByCode(callback.searchParams.get("code"));
  const told = await client.getUserInfoByAccessToken(tokens.access_token);
  assert.equal(told.sub, user.userId);
  assert.equal((await client.introspectToken(tokens.access_token)).active, true);
  const fresh = await client.getNewAccessTokenByRefreshToken(tokens.refresh_token);
  assert.ok(fresh.access_token && fresh.refresh_token !== tokens.refresh_token);
  const left = await browser.open(client.buildLogoutUrl({ idToken: fresh.id_token, redirectUri: CALLBACK }));
  assert.ok(left.callback, left.page);
  assert.equal((await client.introspectToken(fresh.access_token)).active, false);
});

await check("the official SDK's AuthenticationClient speaks its OAuth module: a code, tokens, the user, revocation", async () => {
  const app = await application({}, { redirectUris: [CALLBACK] });
  const client = new AuthenticationClient({
    appId: app.appId, appSecret: app.secret, appHost: host, redirectUri: CALLBACK, protocol: "oauth",
  });
  const { url, state } = client.buildAuthorizeUrl({ state: "st-1" });
  assert.ok(url.startsWith(`${host}/oauth/auth?`), url);
  const callback = await new Browser().signIn(url, "ada");
  assert.equal(callback.searchParams.get("state"), state);
  const tokens = await client.getAccessTokenByCode(callback.searchParams.get("code"));
  assert.ok(tokens.access_token && !tokens.id_token, "OAuth has no ID token");
  for (const options of [undefined, { method: "POST", tokenPlace: "header" }, { method: "POST", tokenPlace: "body" }]) {
    const told = await client.getUserInfoByAccessToken(tokens.access_token, options);
    assert.deepEqual([told.sub, told.username, told.email], [user.userId, "ada", "ada@example.com"]);
  }
  assert.equal((await client.introspectToken(tokens.access_token)).active, true);
  await client.revokeToken(tokens.access_token);
  assert.equal((await client.introspectToken(tokens.access_token)).active, false);
});

await check("oauth4webapi signs a user in at the browser by code and PKCE, reads his claims and refreshes", async () => {
  const app = await application({ id_token_signed_response_alg: "RS256" }, { redirectUris: [CALLBACK] });
  const options = { [oauth.allowInsecureRequests]: true };
  const [client, secret] = [{ client_id: app.appId }, oauth.ClientSecretBasic(app.secret)];
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
  const address = new URL(server.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: app.appId, redirect_uri: CALLBACK, response_type: "code", scope: SCOPE, prompt: "consent", state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const callback = oauth.validateAuthResponse(server, client, await new Browser().signIn(address, "ada"), state);
  const exchange = (proof) =>
    oauth.authorizationCodeGrantRequest(server, client, secret, callback, CALLBACK, proof, options);
  const exchanged = await exchange(verifier);
  const checks = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, exchanged, checks);
  await oauth.validateApplicationLevelSignature(server, exchanged, options);
  assert.equal(oauth.getValidatedIdTokenClaims(tokens).sub, user.userId);
  const me = await oauth.userInfoRequest(server, client, tokens.access_token, options);
  assert.equal((await oauth.processUserInfoResponse(server, client, user.userId, me)).email, "ada@example.com");
  const refreshed = await oauth.refreshTokenGrantRequest(server, client, secret, tokens.refresh_token, options);
  const fresh = await oauth.processRefreshTokenResponse(server, client, refreshed);
  assert.notEqual(fresh.access_token, tokens.access_token);
  await assert.rejects(exchange(verifier).then((r) => oauth.processAuthorizationCodeResponse(server, client, r, checks)), refusedWith("invalid_grant"));
});

await check("oauth4webapi discovers the server by RFC 8414 and validates the access token (RFC 9068)", async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: shop.appId };
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, oauth.ClientSecretPost(shop.secret), new URLSearchParams({ scope: "orders:read" }), options,
  );
  const tokens = await oauth.processClientCredentialsResponse(server, client, response);
  const request = new Request("https://api.example.com/", { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, shop.appId, options);
  assert.equal(claims.client_id, shop.appId);
  const asked = await oauth.introspectionRequest(server, client, oauth.ClientSecretPost(shop.secret), tokens.access_token, options);
  assert.equal((await oauth.processIntrospectionResponse(server, client, asked)).active, true);
});

console.log(`node oidc journey: ${passed} passed, 0 failed`);
