// The official Node SDK, unmodified, from an empty server to a second factor and back. Only host and keys are ours.
import assert from "node:assert/strict";
import { AuthenticationClient, ManagementClient } from "authing-node-sdk";
import { Secret, TOTP, URI } from "otpauth";

const { WATCHWORD_HOST: host, USER_POOL_ID, ACCESS_KEY_ID, ACCESS_KEY_SECRET, APP_ID, APP_SECRET } = process.env;
const management = new ManagementClient({ host, accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET });
const PASSWORD = "correct horse battery staple";
const RECOVERY_CODE = "b471-8ec0-874a-087f-bccb-cd54";
const STEP = 30;

let passed = 0;
async function check(sentence, body) {
  try {
    const value = await body();
    console.log(`ok ${++passed} ${sentence}`);
    return value;
  } catch (error) {
    console.log(`not ok ${passed + 1} ${sentence}`);
    console.error(error.response?.data ?? error);
    console.log(`node journey: ${passed} passed, 1 failed`);
    process.exit(1);
  }
}

/** The data of a successful reply. */
function ok(reply) {
  assert.equal(reply.statusCode, 200, JSON.stringify(reply));
  return reply.data;
}

function refused(reply, statusCode, apiCode) {
  assert.equal(reply.statusCode, statusCode, JSON.stringify(reply));
  if (apiCode !== undefined) assert.equal(reply.apiCode, apiCode, JSON.stringify(reply));
  assert.ok(reply.requestId, "a refusal names its request");
  return reply;
}

/** A client as one end user's program has it. */
function client(token) {
  const made = new AuthenticationClient({ appId: APP_ID, appSecret: APP_SECRET, appHost: host });
  if (token) made.setAccessToken(token);
  return made;
}

const signIn = (username, password = PASSWORD, options) => client().signInByUsernamePassword({ username, password, options });

/** Signs in and expects to be asked for a second factor; returns the mfaToken. */
async function challenged(username, apiCode) {
  const reply = await signIn(username);
  refused(reply, 300, apiCode);
  assert.ok(reply.data.mfaToken, "the challenge carries an mfaToken");
  for (const token of ["access_token", "id_token", "refresh_token"]) assert.equal(reply.data[token], undefined);
  return reply.data.mfaToken;
}

async function raw(method, path, { token, json, form } = {}) {
  const headers = { "x-authing-app-id": APP_ID };
  if (token) headers.authorization = `Bearer ${token}`;
  if (json) headers["content-type"] = "application/json";
  const body = json ? JSON.stringify(json) : form && new URLSearchParams(form);
  const reply = await fetch(host + path, { method, headers, body });
  return reply.json();
}

/** An authenticator that never shows a code twice, and waits for a later one only when the ±1 window has no more. */
class Authenticator {
  constructor(secret) {
    this.totp = new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: STEP, algorithm: "SHA1" });
    this.used = -Infinity;
  }

  static fromUri(uri) {
    return new Authenticator(URI.parse(uri).secret.base32);
  }

  async next() {
    const now = () => Math.floor(Date.now() / 1000 / STEP);
    const step = Math.max(now(), this.used + 1);
    while (step > now() + 1) await new Promise((resolve) => setTimeout(resolve, 200));
    this.used = step;
    return this.at(step);
  }

  at(step) {
    return this.totp.generate({ timestamp: step * STEP * 1000 });
  }

  /** A code of none of the steps near now. */
  wrong() {
    const now = Math.floor(Date.now() / 1000 / STEP);
    const near = [-2, -1, 0, 1, 2].map((offset) => this.at(now + offset));
    return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.includes(code));
  }
}

const ALL_FACTORS = ["OTP", "SMS", "EMAIL"];

// --- Users -----------------------------------------------------------------------------------------------------------

await check("global factors can be switched off, on and off again", async () => {
  ok(await management.closeGlobalMfaSettings({ disableFactors: ALL_FACTORS }));
  assert.deepEqual(ok(await management.getGlobalMfaSettings()).enabledFactors, []);
  assert.deepEqual(ok(await management.updateGlobalMfaSettings({ enabledFactors: ["OTP"] })).enabledFactors, ["OTP"]);
  ok(await management.closeGlobalMfaSettings({ disableFactors: ["OTP"] }));
  assert.deepEqual(ok(await management.getGlobalMfaSettings()).enabledFactors, []);
  ok(await management.updateApplicationMfaSettings({ appId: APP_ID, enabledFactors: [], disabledFactors: ALL_FACTORS }));
});

const ada = await check("a user is created with a password, which is never shown again", async () => {
  const user = ok(await management.createUser({ username: "ada", email: "ada@example.com", name: "艾达 & +%", password: PASSWORD }));
  assert.match(user.userId, /^[0-9a-f]{24}$/);
  assert.equal(user.name, "艾达 & +%");
  assert.ok(!JSON.stringify(user).includes(PASSWORD) && user.password === undefined);
  return user.userId;
});

await check("the same username again is a conflict, in any case", async () => {
  refused(await management.createUser({ username: "ADA", password: PASSWORD }), 409);
});

const [bob, carol, dave] = await check("several users are created in one call, in order", async () => {
  const list = ["bob", "carol", "dave"].map((username) => ({ username, password: PASSWORD, externalId: `ext-${username}` }));
  const users = ok(await management.createUsersBatch({ list }));
  assert.deepEqual(users.map((user) => user.username), ["bob", "carol", "dave"]);
  return users.map((user) => user.userId);
});

await check("a user is found by id, username, e-mail and external id", async () => {
  assert.equal(ok(await management.getUser({ userId: ada })).username, "ada");
  assert.equal(ok(await management.getUser({ userId: "ada", userIdType: "username" })).userId, ada);
  assert.equal(ok(await management.getUser({ userId: "ada@example.com", userIdType: "email" })).userId, ada);
  assert.equal(ok(await management.getUser({ userId: "ext-bob", userIdType: "external_id" })).userId, bob);
  const batch = ok(await management.getUserBatch({ userIds: [ada, bob] }));
  assert.deepEqual(batch.map((user) => user.userId).sort(), [ada, bob].sort());
});

await check("users are listed, searched and counted", async () => {
  const page = ok(await management.listUsers({ options: { pagination: { page: 1, limit: 2 } } }));
  assert.equal(page.totalCount, 4);
  assert.equal(page.list.length, 2);
  assert.deepEqual(ok(await management.listUsers({ keywords: "carol" })).list.map((user) => user.userId), [carol]);
  assert.equal(ok(await management.isUserExists({ username: "dave" })).exists, true);
  assert.equal(ok(await management.isUserExists({ username: "erin" })).exists, false);
});

await check("a profile is changed", async () => {
  ok(await management.updateUser({ userId: dave, nickname: "D" }));
  assert.equal(ok(await management.getUser({ userId: dave })).nickname, "D");
});

// --- Signing in without a second factor ------------------------------------------------------------------------------

const bobTokens = await check("a user without a factor signs in with a password alone", async () => {
  const tokens = ok(await signIn("bob", PASSWORD, { scope: "openid profile offline_access" }));
  for (const name of ["access_token", "id_token", "refresh_token", "token_type"]) assert.ok(tokens[name], name);
  assert.ok(tokens.expires_in > 0 && tokens.expire_in === tokens.expires_in);
  return tokens;
});

await check("a wrong password and an unknown user are told apart by nothing", async () => {
  const wrong = refused(await signIn("bob", "not the password"), 403, 2333);
  const unknown = refused(await signIn("nobody", "not the password"), 403, 2333);
  assert.deepEqual({ ...wrong, requestId: 0 }, { ...unknown, requestId: 0 });
});

await check("the SDK verifies access and ID tokens offline", async () => {
  const access = await client().parseAccessToken(bobTokens.access_token);
  assert.equal(access.sub, bob);
  assert.ok([access.aud].flat().includes(APP_ID));
  const id = await client().parseIDToken(bobTokens.id_token);
  assert.equal(id.sub, bob);
  await assert.rejects(client().parseAccessToken(bobTokens.access_token.slice(0, -6) + "AAAAAA"));
});

await check("a refresh token buys new tokens", async () => {
  const fresh = await client().getNewAccessTokenByRefreshToken(bobTokens.refresh_token);
  assert.ok(fresh.access_token && fresh.access_token !== bobTokens.access_token);
  assert.equal((await client().parseAccessToken(fresh.access_token)).sub, bob);
});

// --- Importing -------------------------------------------------------------------------------------------------------

const adaPhone = new Authenticator("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");

await check("a batch with one bad secret is refused, names it and imports nothing", async () => {
  const reply = await management.importOtp({
    list: [{ userId: bob, otp: { secret: "JBSWY3DPEHPK3PXP" } }, { userId: carol, otp: { secret: "not base32!" } }],
  });
  assert.match(refused(reply, 400).message, /list\[1\]\.otp\.secret/);
  assert.equal(ok(await management.getUserMfaInfo({ userId: bob })).totpStatus, "disabled");
});

await check("a batch with an unknown user is refused", async () => {
  const list = [{ userId: "0123456789abcdef01234567", otp: { secret: "JBSWY3DPEHPK3PXP" } }];
  refused(await management.importOtp({ list }), 404, 2004);
});

await check("an OTP secret is imported, enabled and read back in canonical form", async () => {
  const secret = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
  ok(await management.importOtp({ list: [{ userId: ada, otp: { secret, recoveryCode: RECOVERY_CODE } }] }));
  const info = ok(await management.getUserMfaInfo({ userId: ada }));
  assert.deepEqual(
    [info.totpStatus, info.smsMfaStatus, info.emailMfaStatus, info.faceMfaStatus],
    ["enabled", "disabled", "disabled", "disabled"],
  );
  const read = ok(await management.getOtpSecretByUser({ userId: "ada", userIdType: "username" }));
  assert.equal(read.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
});

// --- The challenge ---------------------------------------------------------------------------------------------------

const code = await adaPhone.next();
const adaTokens = await check("a sign-in with an imported factor is challenged, and its code completes it", async () => {
  const session = client(await challenged("ada", 1635));
  assert.equal(ok(await session.mfaOtpVerify({ totp: adaPhone.wrong() })).verified, false);
  const tokens = ok(await session.mfaOtpVerify({ totp: code }));
  assert.equal(tokens.verified, true);
  assert.equal((await client().parseAccessToken(tokens.access_token)).sub, ada);
  return tokens;
});

await check("an mfaToken opens nothing but the second step, and an access token is no mfaToken", async () => {
  const mfaToken = await challenged("ada", 1635);
  assert.equal((await raw("POST", "/mfa/token/introspection", { form: { token: mfaToken } })).active, true);
  assert.equal((await raw("POST", "/mfa/token/introspection", { form: { token: adaTokens.access_token } })).active, false);
  const { statusCode } = await client(mfaToken).resetFactor({ factorId: "0123456789abcdef01234567" });
  assert.ok(statusCode === 401 || statusCode === 403, `${statusCode}`);
});

await check("a code is accepted once: the same one again is refused, the next one is not", async () => {
  const mfaToken = await challenged("ada", 1635);
  const session = client(mfaToken);
  assert.equal(ok(await session.mfaOtpVerify({ totp: code })).verified, false);
  assert.equal(ok(await session.mfaOtpVerify({ totp: await adaPhone.next() })).verified, true);
  assert.notEqual((await session.mfaOtpVerify({ totp: code })).statusCode, 200, "a spent mfaToken is dead");
});

await check("the recovery code signs in once and is replaced by a new one", async () => {
  const path = "/api/v2/mfa/totp/recovery";
  const token = await challenged("ada", 1635);
  const wrong = await raw("POST", path, { token, json: { recoveryCode: "0000-0000-0000-0000-0000-0000" } });
  assert.ok(wrong.code === 6002 || wrong.apiCode === 6002, JSON.stringify(wrong));
  const right = await raw("POST", path, { token, json: { recoveryCode: RECOVERY_CODE.toUpperCase() } });
  assert.match(right.recoveryCode ?? "", /^([0-9a-f]{4}-){5}[0-9a-f]{4}$/, JSON.stringify(right));
  assert.notEqual(right.recoveryCode, RECOVERY_CODE);
  assert.equal((await client().parseAccessToken(right.data.access_token)).sub, ada);

  const again = await challenged("ada", 1635);
  const spent = await raw("POST", path, { token: again, json: { recoveryCode: RECOVERY_CODE } });
  assert.ok(spent.code === 6002 || spent.apiCode === 6002, JSON.stringify(spent));
  const renewed = await raw("POST", path, { token: again, json: { recoveryCode: right.recoveryCode } });
  assert.ok(renewed.data.access_token, JSON.stringify(renewed));
});

// --- MFA status ------------------------------------------------------------------------------------------------------

const status = async () => ok(await management.getUserMfaStatus({ userId: ada }));
const setStatus = (mfaTriggerData, userId = ada) => management.setUsersMfaStatus({ userId, mfaTriggerData });

await check("OTP is switched off and on by part of the trigger data, and sign-in follows", async () => {
  assert.equal((await status()).totpMfaEnabled, true);
  assert.equal(ok(await setStatus({ totpMfaEnabled: false })).success, true);
  assert.equal((await status()).totpMfaEnabled, false);
  assert.equal(ok(await management.getUserMfaInfo({ userId: ada })).totpStatus, "disabled");
  assert.ok(ok(await signIn("ada")).access_token, "nothing is asked for now");
  ok(await setStatus({ totpMfaEnabled: true }));
  await challenged("ada", 1635);
});

await check("the whole trigger data is stored, and its token is worth nothing", async () => {
  ok(
    await setStatus({
      mfaToken: "anything",
      mfaPhone: "13800000000",
      mfaPhoneCountryCode: "+86",
      mfaEmail: "ada@example.com",
      nickname: "ignored",
      faceMfaEnabled: false,
      totpMfaEnabled: true,
      applicationMfa: [{ mfaPolicy: "OTP", status: 1, sort: 0 }],
    }),
  );
  const stored = await status();
  assert.equal(stored.mfaPhone, "13800000000");
  assert.equal(stored.mfaEmail, "ada@example.com");
  assert.deepEqual(stored.applicationMfa, [{ mfaPolicy: "OTP", status: 1, sort: 0 }]);
  assert.notEqual(stored.mfaToken, "anything");
  assert.equal((await raw("POST", "/mfa/token/introspection", { form: { token: stored.mfaToken } })).active, false);
  assert.notEqual(ok(await management.getUser({ userId: ada })).nickname, "ignored");
  const info = ok(await management.getUserMfaInfo({ userId: ada }));
  assert.deepEqual([info.smsMfaStatus, info.emailMfaStatus], ["enabled", "enabled"]);
  await challenged("ada", 1636);
});

await check("null unbinds phone and e-mail; OTP without a secret cannot be switched on", async () => {
  ok(await setStatus({ mfaToken: "", mfaPhone: null, mfaEmail: null, applicationMfa: [] }));
  const info = ok(await management.getUserMfaInfo({ userId: ada }));
  assert.deepEqual([info.smsMfaStatus, info.emailMfaStatus, info.totpStatus], ["disabled", "disabled", "enabled"]);
  refused(await setStatus({ totpMfaEnabled: true }, bob), 422);
});

// --- An application that demands OTP ---------------------------------------------------------------------------------

await check("an application's factors show in the trigger data of its users", async () => {
  const settings = { appId: APP_ID, enabledFactors: ["OTP"], disabledFactors: ["SMS", "EMAIL"] };
  assert.deepEqual(ok(await management.updateApplicationMfaSettings(settings)).enabledFactors, ["OTP"]);
  const trigger = ok(await management.getMfaTriggerData({ appId: APP_ID, userId: carol }));
  assert.equal(trigger.totpMfaEnabled, false);
  assert.deepEqual(trigger.applicationMfa.filter((factor) => factor.status === 1).map((factor) => factor.mfaPolicy), ["OTP"]);
});

const carolPhone = await check("a user without the factor enrols with the mfaToken; a wrong code binds nothing", async () => {
  const session = client(await challenged("carol", 1636));
  assert.deepEqual(ok(await session.listFactorsToEnroll()).map((factor) => factor.factorType), ["OTP"]);
  refused(await session.sendEnrollFactorRequest({ factorType: "FACE", profile: {} }), 501);

  const { enrollmentToken, otpData } = ok(await session.sendEnrollFactorRequest({ factorType: "OTP", profile: {} }));
  assert.equal(Buffer.from(enrollmentToken, "base64").length, 128);
  assert.match(otpData.recoveryCode, /^([0-9a-f]{4}-){5}[0-9a-f]{4}$/);
  assert.match(otpData.qrCodeDataUrl, /^data:image\/png;base64,iVBOR/);
  assert.ok(URI.parse(otpData.qrCodeUri).label.endsWith("carol"));
  const phone = Authenticator.fromUri(otpData.qrCodeUri);
  assert.equal(phone.totp.secret.bytes.length, 20);

  const enrol = (passCode) =>
    session.enrollFactor({ factorType: "OTP", enrollmentToken, enrollmentData: { passCode } });
  refused(await enrol(phone.wrong()), 403, 6001);
  assert.equal(ok(await management.getUserMfaInfo({ userId: carol })).totpStatus, "disabled");
  ok(await enrol(await phone.next()));
  assert.equal(ok(await management.getUserMfaInfo({ userId: carol })).totpStatus, "enabled");
  assert.notEqual((await enrol(phone.wrong())).statusCode, 200, "the enrolment token is spent");
  return phone;
});

await check("the enrolled factor is listed, cannot be bound twice, and not removed while it is demanded", async () => {
  const verified = ok(await client(await challenged("carol", 1636)).mfaOtpVerify({ totp: await carolPhone.next() }));
  const session = client(verified.access_token);
  const [factor, ...others] = ok(await session.listEnrolledFactors());
  assert.equal(factor.factorType, "OTP");
  assert.deepEqual(others, []);
  assert.deepEqual(ok(await session.getFactor({ factorId: factor.factorId })), factor);
  assert.ok(!JSON.stringify(factor).includes(carolPhone.totp.secret.base32), "no listing shows the secret");
  assert.deepEqual(ok(await session.listFactorsToEnroll()), []);
  refused(await session.sendEnrollFactorRequest({ factorType: "OTP", profile: {} }), 409);
  refused(await session.resetFactor({ factorId: factor.factorId }), 403);

  const settings = { appId: APP_ID, enabledFactors: [], disabledFactors: ["OTP"] };
  ok(await management.updateApplicationMfaSettings(settings));
  ok(await session.resetFactor({ factorId: factor.factorId }));
  refused(await session.resetFactor({ factorId: factor.factorId }), 404);
  assert.deepEqual(ok(await session.listEnrolledFactors()), []);
  assert.ok(ok(await signIn("carol")).access_token, "the password is enough again");
});

await check("a signed-in user binds a factor of their own and removes it in the same session", async () => {
  ok(await management.updateGlobalMfaSettings({ enabledFactors: ["OTP"] }));
  const davesFirst = client(await challenged("dave", 1636));
  const { enrollmentToken, otpData } = ok(await davesFirst.sendEnrollFactorRequest({ factorType: "OTP", profile: {} }));
  const phone = Authenticator.fromUri(otpData.qrCodeUri);
  const enrollmentData = { passCode: await phone.next() };
  ok(await davesFirst.enrollFactor({ factorType: "OTP", enrollmentToken, enrollmentData }));
  ok(await management.closeGlobalMfaSettings({ disableFactors: ["OTP"] }));

  const session = client(ok(await client(await challenged("dave", 1635)).mfaOtpVerify({ totp: await phone.next() })).access_token);
  assert.equal(ok(await session.mfaOtpVerify({ totp: enrollmentData.passCode })).verified, false, "step-up shares used codes");
  const [factor] = ok(await session.listEnrolledFactors());
  refused(await client(bobTokens.access_token).resetFactor({ factorId: factor.factorId }), 404);
  ok(await session.resetFactor({ factorId: factor.factorId }));
});

// --- Applications and access keys ------------------------------------------------------------------------------------

await check("an application is created, read, given a new secret and deleted", async () => {
  const { appId } = ok(await management.createApplication({ appName: "Second", appIdentifier: "second-app" }));
  assert.equal(ok(await management.getApplication({ appId })).appName, "Second");
  assert.equal(ok(await management.getApplicationSimpleInfo({ appId })).appIdentifier, "second-app");
  assert.ok(ok(await management.listApplications({})).list.some((app) => app.appId === appId));
  const before = ok(await management.getApplicationSecret({ appId })).secret;
  const after = ok(await management.refreshApplicationSecret({ appId })).secret;
  assert.ok(before && after && before !== after);
  ok(await management.deleteApplication({ appId }));
  refused(await management.getApplication({ appId }), 404);
});

await check("a collaborator's key may do nothing until it is granted, and nothing at all once deleted", async () => {
  const created = ok(await management.createAccessKey({ type: "userpool", userId: ada }));
  const key = Array.isArray(created) ? created[0] : created;
  const collaborator = new ManagementClient({ host, accessKeyId: key.accessKeyId, accessKeySecret: key.accessKeySecret });
  refused(await collaborator.getUser({ userId: ada }), 403);
  const listed = ok(await management.getAccessKeyList({ userId: ada })).find((row) => row.accessKeyId === key.accessKeyId);
  assert.equal(listed.userPoolId, USER_POOL_ID);
  assert.notEqual(listed.accessKeySecret, key.accessKeySecret, "the secret is shown once");
  ok(await management.updateAccessKey({ accessKeyId: key.accessKeyId, enable: false }));
  ok(await management.deleteAccessKey({ accessKeyId: key.accessKeyId }));
  refused(await collaborator.getUser({ userId: ada }), 401, 1300);
});

await check("a wrong access key secret is refused as a wrong signature", async () => {
  const stranger = new ManagementClient({ host, accessKeyId: ACCESS_KEY_ID, accessKeySecret: "0".repeat(32) });
  refused(await stranger.getUser({ userId: ada }), 401, 1300);
});

// --- The end ---------------------------------------------------------------------------------------------------------

await check("a user who is put out has no valid token left", async () => {
  const session = client(ok(await signIn("bob")).access_token);
  assert.deepEqual(ok(await session.listEnrolledFactors()), []);
  ok(await management.kickUsers({ userId: bob, appIds: [APP_ID] }));
  refused(await session.listEnrolledFactors(), 401);
});

await check("a deleted user is unknown everywhere", async () => {
  ok(await management.deleteUsersBatch({ userIds: [ada, dave] }));
  refused(await management.getUser({ userId: ada }), 404, 2004);
  refused(await management.getUserMfaInfo({ userId: ada }), 404, 2004);
  refused(await signIn("ada"), 403, 2333);
  refused(await client(adaTokens.access_token).listEnrolledFactors(), 401);
});

console.log(`node journey: ${passed} passed, 0 failed`);
