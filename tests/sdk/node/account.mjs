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

/** Messages that were read already. */
const read = new Set();

/** The code that was sent to a target: the server runs in demo mode, and its worker brings what it sends to a page. */
async function code(target) {
  for (let tries = 0; tries < 100; tries++) {
    const { list } = await (await fetch(`${host}/dev/inbox.json`)).json();
    const fresh = list.find((message) => message.to.endsWith(target) && !read.has(message.id));
    if (fresh) {
      read.add(fresh.id);
      return fresh.text.match(/\b\d{4,8}\b/)[0];
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no message to ${target}`);
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
      showAuthorizationPage: false,
      enabledBasicLoginMethods: ["USERNAME_PASSWORD", "EMAIL_PASSWORD", "PHONE_PASSWORD", "EMAIL_CODE", "PHONE_CODE"],
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

/** A user whom an administrator makes: each target gets one message a minute, so that each check has a user of its own. */
async function user(username) {
  return ok(await management.createUser({ username, email: `${username}@example.com`, emailVerified: true, password: PASSWORD }));
}

function byName(username, password) {
  return anybody.signInByUsernamePassword({ username, password, options });
}

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
});

await check("a user signs in by a code to an e-mail address, once", async () => {
  const { userId } = await user("dan");
  const passCode = await mailed(anybody, "dan@example.com", "CHANNEL_LOGIN");
  const signIn = () => anybody.signInByEmailPassCode({ email: "dan@example.com", passCode, options });
  assert.equal(ok(await (await signedIn(signIn())).getProfile({})).userId, userId);
  await refused(signIn(), 403);
});

const cyd = await check("a user signs up by a code to a phone and chooses a password", async () => {
  const passCode = await texted(anybody, PHONE, "CHANNEL_REGISTER");
  const made = ok(
    await anybody.signUpByPhoneCode({
      phone: PHONE, passCode, profile: { name: "Cyd" }, options: { passwordForPhonePassCode: PASSWORD },
    }),
  );
  assert.deepEqual([made.phone, made.phoneVerified, made.name], [PHONE, true, "Cyd"]);
  return signedIn(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }));
});

await check("the profile is changed, and nothing beside", async () => {
  const changed = ok(await cyd.updateProfile({ nickname: "C", gender: "F", birthdate: "1990-01-02", city: "London" }));
  assert.deepEqual([changed.nickname, changed.gender, changed.name], ["C", "F", "Cyd"]);
  const shown = ok(await cyd.getProfile({ withCustomData: true, withIdentities: true, withDepartmentIds: true }));
  assert.deepEqual([shown.nickname, shown.birthdate, shown.departmentIds], ["C", "1990-01-02", []]);
  await refused(cyd.updateProfile({ gender: "X-ray" }), 400);
});

await check("an e-mail address is bound by a code", async () => {
  const passCode = await mailed(cyd, "cyd@example.com", "CHANNEL_BIND_EMAIL");
  ok(await cyd.bindEmail({ email: "cyd@example.com", passCode }));
  const shown = ok(await cyd.getProfile({}));
  assert.deepEqual([shown.email, shown.emailVerified], ["cyd@example.com", true]);
});

await check("an e-mail address is replaced in two steps, by codes to the old one and the new one", async () => {
  await user("eve");
  const eve = await signedIn(byName("eve", PASSWORD));
  const [oldEmail, newEmail] = ["eve@example.com", "eve@example.org"];
  const begun = ok(
    await eve.verifyUpdateEmailRequest({
      verifyMethod: "EMAIL_PASSCODE",
      emailPassCodePayload: {
        oldEmail, oldEmailPassCode: await mailed(eve, oldEmail, "CHANNEL_UPDATE_EMAIL"),
        newEmail, newEmailPassCode: await mailed(eve, newEmail, "CHANNEL_UPDATE_EMAIL"),
      },
    }),
  );
  ok(await eve.updateEmail({ updateEmailToken: begun.updateEmailToken }));
  await refused(eve.updateEmail({ updateEmailToken: begun.updateEmailToken }), 403);
  assert.equal(ok(await eve.getProfile({})).email, newEmail);
});

await check("the password is changed by who knows the old one, and the sign-ins are told", async () => {
  await refused(cyd.updatePassword({ oldPassword: OTHER_PASSWORD, newPassword: OTHER_PASSWORD }), 403);
  ok(await cyd.updatePassword({ oldPassword: PASSWORD, newPassword: OTHER_PASSWORD }));
  await refused(anybody.signInByPhonePassword({ phone: PHONE, password: PASSWORD, options }), 403);
  const history = ok(await cyd.getLoginHistory({}));
  assert.ok(history.totalCount >= 1, JSON.stringify(history));
  assert.equal(ok(await cyd.getLoggedInApps())[0].appId, appId);
});

await check("a forgotten password is replaced by a code, and who was signed in is no more", async () => {
  await user("fay");
  const fay = await signedIn(byName("fay", PASSWORD));
  const passCode = await mailed(anybody, "fay@example.com", "CHANNEL_RESET_PASSWORD");
  const begun = ok(
    await anybody.verifyResetPasswordRequest({
      verifyMethod: "EMAIL_PASSCODE", emailPassCodePayload: { email: "fay@example.com", passCode },
    }),
  );
  ok(await anybody.resetPassword({ passwordResetToken: begun.passwordResetToken, password: OTHER_PASSWORD }));
  await refused(fay.getProfile({}), 401);
  await refused(byName("fay", PASSWORD), 403);
  await signedIn(byName("fay", OTHER_PASSWORD));
});

await check("an account ends in two steps, and nobody signs in to it again", async () => {
  await user("gus");
  const gus = await signedIn(byName("gus", PASSWORD));
  const passCode = await mailed(gus, "gus@example.com", "CHANNEL_DELETE_ACCOUNT");
  const begun = ok(
    await gus.verifyDeleteAccountRequest({
      verifyMethod: "EMAIL_PASSCODE", emailPassCodePayload: { email: "gus@example.com", passCode },
    }),
  );
  ok(await gus.deleteAccount({ deleteAccountToken: begun.deleteAccountToken }));
  await refused(byName("gus", PASSWORD), 403);
  await refused(gus.getProfile({}), 401);
});

console.log(`node account journey: ${passed} passed, 0 failed`);
