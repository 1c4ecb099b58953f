// The official SDK's AuthenticationClient, for a user who makes an account, keeps it, and ends it.
import assert from "node:assert/strict";
import { AuthenticationClient, ManagementClient } from "authing-node-sdk";

const { WATCHWORD_HOST: host, ACCESS_KEY_ID, ACCESS_KEY_SECRET } = process.env;
const management = new ManagementClient({ host, accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET });
const PASSWORD = "correct horse battery staple";
const OTHER_PASSWORD = "staple battery horse correct";
const PHONE = "13800138000";
const options = { scope: "openid profile email phone" };

let passed = 0;
async function check(sentence, body) {
  try {
    const value = await body();
    console.log(`ok ${++passed} ${sentence}`);
    return value;
  } catch (error) {
    console.log(`not ok ${passed + 1} ${sentence}`);
    console.error(error.response?.data ?? error);
    console.log(`node account journey: ${passed} passed, 1 failed`);
    process.exit(1);
  }
}

function ok(reply) {
  assert.equal(reply.statusCode, 200, JSON.stringify(reply));
  return reply.data;
}

async function refused(call, status) {
  const reply = await call;
  assert.equal(reply.statusCode, status, JSON.stringify(reply));
}

/** The newest code that was sent to a target: the server runs in demo mode and shows its messages. */
async function code(target) {
  const { list } = await (await fetch(`${host}/dev/inbox.json`)).json();
  const text = list.find((message) => message.to.endsWith(target) && /\b\d{4,8}\b/.test(message.text))?.text;
  assert.ok(text, `no message to ${target} in ${JSON.stringify(list)}`);
  return text.match(/\b\d{4,8}\b/)[0];
}

async function mailed(client, email, channel) {
  ok(await client.sendEmail({ email, channel }));
  return code(email);
}

async function texted(client, phoneNumber, channel) {
  ok(await client.sendSms({ phoneNumber, channel }));
  return code(phoneNumber);
}

const { appId } = ok(
  await management.createApplication({
    appName: "Club",
    registerConfig: { enabledBasicRegisterMethods: ["PHONE_CODE", "EMAIL_CODE", "EMAIL_PASSWORD"], defaultRegisterMethod: "PASSWORD" },
    loginConfig: {
      enabledBasicLoginMethods: ["USERNAME_PASSWORD", "EMAIL_PASSWORD", "PHONE_PASSWORD", "EMAIL_CODE", "PHONE_CODE"],
      defaultLoginMethod: "PASSWORD",
    },
  }),
);
const { secret } = ok(await management.getApplicationSecret({ appId }));

/** A client of this application, as nobody or with a user's token. */
function client(accessToken) {
  return new AuthenticationClient({ appId, appSecret: secret, appHost: host, accessToken });
}

/** A client that bears the tokens of a sign-in. */
async function signedIn(reply) {
  return client(ok(await reply).access_token);
}

const anybody = client();

await check("a user signs up with a password, signs in, and reads the profile", async () => {
  const made = ok(await anybody.signUpByEmailPassword({ email: "ada@example.com", password: PASSWORD, profile: { nickname: "Ada" } }));
  assert.deepEqual([made.email, made.emailVerified, made.nickname], ["ada@example.com", false, "Ada"]);
  await refused(anybody.signUpByEmailPassword({ email: "Ada@Example.com", password: PASSWORD }), 409);
  await refused(anybody.signInByEmailPassword({ email: "ada@example.com", password: OTHER_PASSWORD, options }), 403);
  const ada = await signedIn(anybody.signInByEmailPassword({ email: "ada@example.com", password: PASSWORD, options }));
  const profile = ok(await ada.getProfile({}));
  assert.deepEqual([profile.userId, profile.nickname], [made.userId, "Ada"]);
  await refused(anybody.getProfile({}), 401);
});

await check("a user signs up by a code to an e-mail address, which is proven by that", async () => {
  const passCode = await mailed(anybody, "bob@example.com", "CHANNEL_REGISTER");
  const made = ok(await anybody.signUpByEmailCode({ email: "bob@example.com", passCode }));
  assert.equal(made.emailVerified, true);
  await refused(anybody.signUpByEmailCode({ email: "bob@example.com", passCode }), 403);
  const login = await mailed(anybody, "bob@example.com", "CHANNEL_LOGIN");
  const bob = await signedIn(anybody.signInByEmailPassCode({ email: "bob@example.com", passCode: login, options }));
  assert.equal(ok(await bob.getProfile({})).userId, made.userId);
});

const cyd = await check("a user signs up by a code to a phone and chooses a password", async () => {
  const passCode = await texted(anybody, PHONE, "CHANNEL_REGISTER");
  const profile = { name: "Cyd", customData: undefined };
  const made = ok(await anybody.signUpByPhoneCode({ phone: PHONE, passCode, profile, options: { passwordForPhonePassCode: PASSWORD } }));
  assert.deepEqual([made.phone, made.phoneVerified, made.name], [PHONE, true, "Cyd"]);
  return signedIn(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }));
});

await check("the profile is changed, and what is not the user's to change stays", async () => {
  const changed = ok(await cyd.updateProfile({ nickname: "C", gender: "F", birthdate: "1990-01-02", city: "London" }));
  assert.deepEqual([changed.nickname, changed.gender, changed.name], ["C", "F", "Cyd"]);
  const shown = ok(await cyd.getProfile({ withCustomData: true, withIdentities: true, withDepartmentIds: true }));
  assert.deepEqual([shown.nickname, shown.birthdate, shown.departmentIds], ["C", "1990-01-02", []]);
  await refused(cyd.updateProfile({ gender: "X-ray" }), 400);
});

await check("an e-mail address is bound by a code, and replaced in two steps", async () => {
  const bound = await mailed(cyd, "cyd@example.com", "CHANNEL_BIND_EMAIL");
  ok(await cyd.bindEmail({ email: "cyd@example.com", passCode: bound }));
  const [newEmailPassCode, oldEmailPassCode] = [
    await mailed(cyd, "cyd@example.org", "CHANNEL_UPDATE_EMAIL"),
    await mailed(cyd, "cyd@example.com", "CHANNEL_UPDATE_EMAIL"),
  ];
  const begun = ok(
    await cyd.verifyUpdateEmailRequest({
      verifyMethod: "EMAIL_PASSCODE",
      emailPassCodePayload: { newEmail: "cyd@example.org", newEmailPassCode, oldEmail: "cyd@example.com", oldEmailPassCode },
    }),
  );
  ok(await cyd.updateEmail({ updateEmailToken: begun.updateEmailToken }));
  const shown = ok(await cyd.getProfile({}));
  assert.deepEqual([shown.email, shown.emailVerified], ["cyd@example.org", true]);
});

await check("the password is changed by who knows the old one", async () => {
  await refused(cyd.updatePassword({ oldPassword: OTHER_PASSWORD, newPassword: OTHER_PASSWORD }), 403);
  ok(await cyd.updatePassword({ oldPassword: PASSWORD, newPassword: OTHER_PASSWORD }));
  await refused(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }), 403);
  const history = ok(await cyd.getLoginHistory({}));
  assert.ok(history.totalCount >= 1, JSON.stringify(history));
  assert.equal(ok(await cyd.getLoggedInApps())[0].appId, appId);
});

await check("a forgotten password is replaced by a code", async () => {
  const passCode = await mailed(anybody, "cyd@example.org", "CHANNEL_RESET_PASSWORD");
  const begun = ok(
    await anybody.verifyResetPasswordRequest({
      verifyMethod: "EMAIL_PASSCODE", emailPassCodePayload: { email: "cyd@example.org", passCode },
    }),
  );
  ok(await anybody.resetPassword({ passwordResetToken: begun.passwordResetToken, password: PASSWORD }));
  await refused(cyd.getProfile({}), 401);
});

await check("an account ends in two steps, and nobody signs in to it again", async () => {
  const again = await signedIn(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }));
  const passCode = await texted(again, PHONE, "CHANNEL_DELETE_ACCOUNT");
  const begun = ok(
    await again.verifyDeleteAccountRequest({
      verifyMethod: "PHONE_PASSCODE", phonePassCodePayload: { phoneNumber: PHONE, passCode },
    }),
  );
  ok(await again.deleteAccount({ deleteAccountToken: begun.deleteAccountToken }));
  await refused(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }), 403);
  await refused(again.getProfile({}), 401);
});

console.log(`node account journey: ${passed} passed, 0 failed`);
